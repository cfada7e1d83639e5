// Text of others, made fit to be judged by a person: nothing in it hides or reorders.

/**
 * A piece of a text: as it stands, a mark in place of a character that would not be seen, or a tab.
 */
export type Piece = { plain: string } | { mark: string } | { tab: true };

const HIDDEN =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Zs}\p{Default_Ignorable_Code_Point}\u2800]/u;
const PICTOGRAPH = /\p{Extended_Pictographic}/u;
const CONTROLS = (
  "NUL SOH STX ETX EOT ENQ ACK BEL BS TAB LF VT FF CR SO SI " +
  "DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US"
).split(" ");
const EMOJI_STYLE = "\ufe0f";

/**
 * Splits a text into what is seen and marks for what would not be: control characters by their
 * names (`‹ESC›`), everything else that is invisible, reorders, or is a space but not the plain one
 * by its number (`‹U+202E›`). Line breaks and plain spaces stay; tabs are told apart from spaces.
 */
export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let plain = "";
  let before = "";
  for (const character of text) {
    if (isSeen(character, before)) {
      plain += character;
    } else {
      if (plain !== "") found.push({ plain });
      plain = "";
      found.push(character === "\t" ? { tab: true } : { mark: markOf(character) });
    }
    before = character;
  }
  if (plain !== "") found.push({ plain });
  return found;
}

/** The same as one string, for names that screen readers say. */
export function visible(text: string): string {
  return pieces(text)
    .map((piece) => ("plain" in piece ? piece.plain : "mark" in piece ? piece.mark : " "))
    .join("");
}

function isSeen(character: string, before: string): boolean {
  if (character === " " || character === "\n") return true;
  if (character === EMOJI_STYLE) return PICTOGRAPH.test(before);
  return !HIDDEN.test(character);
}

function markOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const name = code === 0x7f ? "DEL" : CONTROLS[code];
  if (name !== undefined) return `‹${name}›`;
  return `‹U+${code.toString(16).toUpperCase().padStart(4, "0")}›`;
}
