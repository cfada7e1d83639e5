// Letters and signs that look like plain Latin ones and are something else.

/**
 * Why each character of a word is not what it seems to be, in a few words; none where it is. A word
 * is a run of letters, their marks and digits. `isCommand`: what is exact matters more than what is
 * usual in other languages. `usual` has the scripts that are plainly at home in the text around.
 */
export function oddities(
  word: readonly string[],
  isCommand: boolean,
  usual: ReadonlySet<string>,
): (string | null)[] {
  const scripts = word.map(scriptOf);
  const others = new Set(scripts.filter((script) => isForeign(script)));
  const isMixed = others.size > 1 || (others.size > 0 && scripts.includes(LATIN));
  const isDisguised =
    !isMixed && !scripts.includes(LATIN) && seemsLatin(word, scripts, isCommand, usual);
  const hasPlainDigit = word.some((character) => character >= "0" && character <= "9");
  return word.map((character, at) => {
    const script = scripts[at] ?? null;
    if (isAscii(character)) return null;
    if (script === LATIN) return isUnusual(character, isCommand) ? "unusual Latin" : null;
    const styled = styleOf(character, isCommand);
    if (styled !== null) return styled;
    if (DIGIT.test(character)) {
      return isCommand || hasPlainDigit || scripts.includes(LATIN) ? "other digit" : null;
    }
    if (script === null) return null;
    return isDisguised || (isMixed && isForeign(script)) ? script : null;
  });
}

/** The script of a word that has letters which no Latin one looks like; none for other words. */
export function plainScript(word: readonly string[]): string | null {
  const scripts = new Set(word.map(scriptOf).filter((script) => script !== null));
  const [only] = scripts;
  if (scripts.size !== 1 || only === undefined || only === LATIN) return null;
  return seemsLatin(word, word.map(scriptOf), true, NONE) ? null : only;
}

/** The plain sign that a sign looks like, where it is another one. */
export function plainSign(sign: string): string | null {
  const known = SIGNS.get(sign);
  if (known !== undefined) return known;
  const plain = sign.normalize("NFKC");
  return plain !== sign && ASCII_TEXT.test(plain) ? plain : null;
}

/**
 * Whether a mark that stands above, below or through the character before it may stay as it is:
 * `base` is that character with the marks that stayed, `count` how many stayed with this one.
 */
export function isUsualMark(mark: string, base: string, count: number, isCommand: boolean): boolean {
  if (base === "" || OVERLAY.test(mark)) return false;
  const isOnLatin = LATIN_LETTER.test(base) || isAscii([...base][0] ?? "");
  if (isCommand && isOnLatin) return [...(base + mark).normalize("NFC")].length === 1;
  return count <= (isOnLatin ? 2 : 4);
}

const LATIN = "Latin";
const NONE: ReadonlySet<string> = new Set();

// Scripts by which Latin letters are imitated, or which are told by name; the rest is "another
// script".
const SCRIPTS: readonly (readonly [string, RegExp])[] = [
  [LATIN, /\p{Script=Latin}/u],
  ["Cyrillic", /\p{Script=Cyrillic}/u],
  ["Greek", /[\p{Script=Greek}\p{Script=Coptic}]/u],
  ["Chinese, Japanese or Korean", /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\u30fc]/u],
  ["Arabic", /\p{Script=Arabic}/u],
  ["Hebrew", /\p{Script=Hebrew}/u],
  ["Armenian", /\p{Script=Armenian}/u],
  ["Georgian", /\p{Script=Georgian}/u],
  ["Cherokee", /\p{Script=Cherokee}/u],
  ["Lisu", /\p{Script=Lisu}/u],
];
const CJK = "Chinese, Japanese or Korean";
const OTHER = "another script";

const LATIN_LETTER = /\p{Script=Latin}/u;
const LETTER = /\p{L}/u;
const DIGIT = /\p{Nd}/u;
const COMMON = /[\p{Script=Common}\p{Script=Inherited}]/u;
const ASCII_TEXT = /^[\x20-\x7e]+$/;
const OVERLAY = /[\u0334-\u0338\p{Me}\u20d2-\u20e0\u20e5-\u20ea]/u;
const FULLWIDTH = /[\uff10-\uff5a]/u;
const MATHEMATICAL = /[\u{1d400}-\u{1d7ff}\u2102-\u2115\u2119-\u211d\u2124\u2128\u212a\u212c-\u2134\u2139\u2145-\u2149]/u;
// Dotless and phonetic letters, clicks and small capitals: hardly told from the plain ones.
const PHONETIC = /[\u0131\u017f\u01c0-\u01c3\u0250-\u02af\u1d00-\u1dbf\u2c60-\u2c7f\ua720-\ua7ff\uab30-\uab6f]/u;
const DOTLESS_I = "\u0131";

// Letters that could be taken for Latin ones. In scripts that are not here every letter could, where
// `ALIKE_ALL` has them, or none.
const ALIKE: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ["Cyrillic", new Set("авгекмнопрстухьѕіјѵһԁԛԝүӏАВГЕЗКМНОПРСТУХЬЅІЈҮӀԌԚԜ")],
  ["Greek", new Set("αγεηικνορςστυχωϲϳΑΒΕΖΗΙΚΜΝΟΡΤΥΧⲟⲣⲥ")],
  ["Armenian", new Set("ազգլհյոսրցւքօԼՈՍՏՑՕ")],
  ["Hebrew", new Set("וןסם")],
  ["Arabic", new Set("اهةہ")],
  [CJK, new Set("一丨丶丿〇口工ノーへㅣㅡ")],
]);
const ALIKE_ALL: ReadonlySet<string> = new Set(["Cherokee", "Lisu"]);

// Signs that a shell would take for another one, and that do not say so by their normal form.
const SIGNS: ReadonlyMap<string, string> = new Map(
  (
    [
      ["-", "‐‑‒–—―−⁃˗➖"],
      ["/", "⁄∕╱⧸"],
      ["\\", "∖⧵╲"],
      ["|", "∣│⏐❘׀"],
      [";", "⁏"],
      [":", "ː˸∶꞉։׃"],
      [".", "․"],
      [",", "‚٫،"],
      ["'", "‘’‛′´ˈʹʻʼʽ׳"],
      ['"', "“”‟″ʺ״"],
      ["`", "ˋ"],
      ["~", "∼˜⁓"],
      ["*", "∗⁎✱"],
      ["<", "‹˂"],
      [">", "›˃"],
      ["=", "꞊═"],
      ["^", "ˆ"],
      ["_", "ˍ"],
      ["!", "❗"],
      ["%", "٪"],
      ["&", "ꝸ"],
    ] as const
  ).flatMap(([plain, alike]) => [...alike].map((sign) => [sign, plain] as const)),
);

const known = new Map<string, string | null>();

/** The script of a letter; none for digits, marks and what belongs to all scripts. */
function scriptOf(character: string): string | null {
  if (isAscii(character)) return LETTER.test(character) ? LATIN : null;
  let script = known.get(character);
  if (script === undefined) {
    script = lookUp(character);
    known.set(character, script);
  }
  return script;
}

function lookUp(character: string): string | null {
  if (!LETTER.test(character)) return null;
  if (FULLWIDTH.test(character) || MATHEMATICAL.test(character)) return null;
  const found = SCRIPTS.find(([, letters]) => letters.test(character));
  if (found !== undefined) return found[0];
  return COMMON.test(character) ? null : OTHER;
}

function isForeign(script: string | null): boolean {
  return script !== null && script !== LATIN && script !== CJK;
}

/** Whether a word without Latin letters could be taken for one of them. */
function seemsLatin(
  word: readonly string[],
  scripts: readonly (string | null)[],
  isCommand: boolean,
  usual: ReadonlySet<string>,
): boolean {
  let letters = 0;
  for (const [at, character] of word.entries()) {
    const script = scripts[at] ?? null;
    if (script === null) continue;
    if (!isCommand && (script === CJK || usual.has(script))) return false;
    if (!ALIKE_ALL.has(script) && ALIKE.get(script)?.has(character) !== true) return false;
    letters += 1;
  }
  return letters > 0;
}

function styleOf(character: string, isCommand: boolean): string | null {
  if (FULLWIDTH.test(character)) return "fullwidth";
  if (MATHEMATICAL.test(character)) return "mathematical";
  const isStyled = isCommand && !DIGIT.test(character) && plainSign(character) !== null;
  return isStyled ? "styled" : null;
}

function isUnusual(character: string, isCommand: boolean): boolean {
  if (FULLWIDTH.test(character)) return true;
  if (PHONETIC.test(character)) return isCommand || character !== DOTLESS_I;
  return isCommand && plainSign(character) !== null;
}

function isAscii(character: string): boolean {
  return character <= "\x7f";
}
