// Text of others, made fit to be judged by a person: nothing in it hides, reorders or disguises.

import { isUsualMark, oddities, plainScript, plainSign } from "./look-alikes";

/**
 * A piece of a text: as it stands; a mark in place of characters that would not be seen; characters
 * that look like others, with what they are; a word that is written from right to left; a secret
 * that the bridge hid; or a tab.
 */
export type Piece =
  | { plain: string }
  | { mark: string }
  | { odd: string; why: string }
  | { rtl: string }
  | { secret: string }
  | { tab: true };

/**
 * What a text is: a name or title, in which a line break is marked as well; several lines of prose;
 * or a command, in which everything that is not what it looks like is marked, and every word stands
 * where it would be read by the computer.
 */
export type Style = "line" | "prose" | "command";

/**
 * Splits a text into what is seen and marks for what would not be: control characters by their
 * names (`‹ESC›`), everything else that is invisible, reorders, or is a space but not the plain one
 * by its number (`‹U+202E›`), with how often it stands there. Letters of another script inside a
 * Latin word, and whole words that only look Latin, come with what they are.
 */
export function pieces(text: string, style: Style = "line"): Piece[] {
  const writer = new Writer();
  for (const [at, part] of text.split(SECRET).entries()) {
    if (at > 0) writer.push({ secret: SECRET });
    if ((style === "line" ? PLAIN_LINE : PLAIN_LINES).test(part)) writer.plain(part);
    else write(writer, part, style);
  }
  return writer.done();
}

/** The same as one string, for names that screen readers say. */
export function visible(text: string, style: Style = "line"): string {
  return spoken(pieces(text, style));
}

/** Whether a text has characters that cannot be seen or are not what they look like. */
export function isDisguised(text: string, style: Style): boolean {
  return pieces(text, style).some((piece) => "mark" in piece || "odd" in piece);
}

/** Pieces as one string. */
export function spoken(all: readonly Piece[]): string {
  return all.map(wordsOf).join("");
}

const SECRET = "[secret hidden by Sophon]";
const PLAIN_LINE = /^[\x20-\x7e]*$/;
const PLAIN_LINES = /^[\x20-\x7e\n]*$/;
const TOKEN = /[\p{L}\p{M}\p{N}]+|[^\p{L}\p{M}\p{N}]/gu;
const WORD = /^[\p{L}\p{M}\p{N}]/u;
const ASCII_WORD = /^[0-9A-Za-z]+$/;
const MARK = /\p{M}/u;
const HIDDEN =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Zs}\p{Default_Ignorable_Code_Point}\u2800]/u;
const RIGHT_TO_LEFT =
  /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}\p{Script=Samaritan}\p{Script=Mandaic}\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
const PICTOGRAPH = /\p{Extended_Pictographic}/u;
const CONTROLS = (
  "NUL SOH STX ETX EOT ENQ ACK BEL BS TAB LF VT FF CR SO SI " +
  "DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US"
).split(" ");
const EMOJI_STYLE = "\ufe0f";

function write(writer: Writer, text: string, style: Style): void {
  const isCommand = style === "command";
  const tokens = text.match(TOKEN) ?? [];
  const usual = isCommand ? new Set<string>() : usualScripts(tokens);
  let before = "";
  for (const token of tokens) {
    if (ASCII_WORD.test(token)) writer.plain(token);
    else if (WORD.test(token)) writeWord(writer, token, isCommand, usual, before);
    else writeSign(writer, token, style);
    before = token;
  }
}

function usualScripts(tokens: readonly string[]): Set<string> {
  const usual = new Set<string>();
  for (const token of tokens) {
    if (ASCII_WORD.test(token) || !WORD.test(token)) continue;
    const script = plainScript([...token]);
    if (script !== null) usual.add(script);
  }
  return usual;
}

function writeWord(
  writer: Writer,
  word: string,
  isCommand: boolean,
  usual: ReadonlySet<string>,
  before: string,
): void {
  const characters = [...word];
  const why = oddities(characters, isCommand, usual);
  const isHonest = why.every((reason, at) => reason === null && !HIDDEN.test(characters[at] ?? ""));
  if (isCommand && isHonest && RIGHT_TO_LEFT.test(word)) {
    writer.push({ rtl: word });
    return;
  }
  let base = "";
  let marks = 0;
  for (const [at, character] of characters.entries()) {
    if (HIDDEN.test(character)) {
      const isEmoji = character === EMOJI_STYLE && at === 0 && PICTOGRAPH.test(before);
      if (isEmoji) writer.plain(character);
      else writer.mark(numberOf(character));
    } else if (MARK.test(character)) {
      if (isUsualMark(character, base, marks + 1, isCommand)) {
        base += character;
        marks += 1;
        writer.plain(character);
      } else {
        writer.mark(numberOf(character));
      }
    } else {
      base = character;
      marks = 0;
      const reason = why[at] ?? null;
      if (reason === null) writer.plain(character);
      else writer.odd(character, reason);
    }
  }
}

function writeSign(writer: Writer, sign: string, style: Style): void {
  if (sign === "\n" && style !== "line") writer.plain(sign);
  else if (sign === "\t") writer.push({ tab: true });
  else if (sign === " ") writer.plain(sign);
  else if (HIDDEN.test(sign)) writer.mark(CONTROLS[codeOf(sign)] ?? numberOf(sign));
  else {
    const plain = style === "command" ? plainSign(sign) : null;
    if (plain === null) writer.plain(sign);
    else writer.odd(sign, `not ${plain}`);
  }
}

function wordsOf(piece: Piece): string {
  if ("plain" in piece) return piece.plain;
  if ("mark" in piece) return piece.mark;
  if ("odd" in piece) return `${piece.odd}${piece.why}`;
  if ("rtl" in piece) return piece.rtl;
  return "secret" in piece ? piece.secret : " ";
}

function codeOf(character: string): number {
  return character.codePointAt(0) ?? 0;
}

function numberOf(character: string): string {
  const code = codeOf(character);
  return code === 0x7f ? "DEL" : `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
}

/** Joins what belongs together. */
class Writer {
  readonly #pieces: Piece[] = [];
  #plain = "";
  #mark = "";
  #times = 0;
  #odd: string[] = [];
  #why = "";

  plain(text: string): void {
    if (text === "") return;
    this.#endMark();
    this.#endOdd();
    this.#plain += text;
  }

  mark(name: string): void {
    this.#endPlain();
    this.#endOdd();
    if (this.#mark !== name) this.#endMark();
    this.#mark = name;
    this.#times += 1;
  }

  odd(character: string, why: string): void {
    this.#endPlain();
    this.#endMark();
    if (this.#why !== why) this.#endOdd();
    this.#why = why;
    this.#odd.push(character);
  }

  push(piece: Piece): void {
    this.#endPlain();
    this.#endMark();
    this.#endOdd();
    this.#pieces.push(piece);
  }

  done(): Piece[] {
    this.#endPlain();
    this.#endMark();
    this.#endOdd();
    return this.#pieces;
  }

  #endPlain(): void {
    if (this.#plain !== "") this.#pieces.push({ plain: this.#plain });
    this.#plain = "";
  }

  #endMark(): void {
    if (this.#times > 0) {
      const often = this.#times === 1 ? "" : ` ×${this.#times}`;
      this.#pieces.push({ mark: `‹${this.#mark}${often}›` });
    }
    this.#mark = "";
    this.#times = 0;
  }

  #endOdd(): void {
    const [first] = this.#odd;
    if (first !== undefined) {
      const what = this.#odd.length === 1 ? `${numberOf(first)} ${this.#why}` : this.#why;
      this.#pieces.push({ odd: this.#odd.join(""), why: `‹${what}›` });
    }
    this.#odd = [];
    this.#why = "";
  }
}
