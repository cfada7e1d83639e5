import assert from "node:assert/strict";
import { test } from "node:test";

import { pieces, type Style, visible } from "../src/logic/visible-text";

test("characters that reorder, join or hide become marks with their number", () => {
  assert.deepEqual(pieces("gpj\u202eexe"), [
    { plain: "gpj" },
    { mark: "‹U+202E›" },
    { plain: "exe" },
  ]);
  for (const hidden of ["\u200b", "\u200d", "\u2066", "\ufeff", "\u00ad", "\u3164", "\u2800", "\u{e0041}", "\u034f"]) {
    const code = hidden.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0");
    assert.equal(visible(`a${hidden}b`), `a‹U+${code}›b`);
  }
});

test("spaces that are not the plain one are marked, and so are half characters", () => {
  assert.equal(visible("rm\u00a0-rf\u3000/"), "rm‹U+00A0›-rf‹U+3000›/");
  assert.equal(visible("\ud800!"), "‹U+D800›!");
});

test("control characters are marked by name, and a carriage return cannot overwrite a line", () => {
  assert.equal(visible("safe\rrm -rf /", "command"), "safe‹CR›rm -rf /");
  assert.equal(visible("\u001b[8m\u0000\u007f\u0085"), "‹ESC›[8m‹NUL›‹DEL›‹U+0085›");
});

test("a line break is one in a command, and a mark in a name", () => {
  assert.equal(visible("a\nb", "command"), "a\nb");
  assert.equal(visible("Ada's phone\nApproved by you"), "Ada's phone‹LF›Approved by you");
});

test("the same mark again and again is counted, not repeated", () => {
  assert.deepEqual(pieces("a" + "\u200b".repeat(5_000) + "b"), [
    { plain: "a" },
    { mark: "‹U+200B ×5000›" },
    { plain: "b" },
  ]);
});

test("tabs, other scripts and emoji stay readable", () => {
  assert.deepEqual(pieces("a\n\tb", "prose"), [{ plain: "a\n" }, { tab: true }, { plain: "b" }]);
  for (const text of ["Grüße, 世界, שלום ⚠️ 🎉", "iPhoneの設定", "Tシャツ", "мой iPhone", "Ελένη", "Nguyễn Thị"]) {
    assert.equal(visible(text), text);
  }
});

test("the emoji style is marked where it hides after something else", () => {
  assert.equal(visible("a\ufe0f"), "a‹U+FE0F›");
});

test("what the bridge hid is told apart from what the command says", () => {
  assert.deepEqual(pieces("login --token [secret hidden by Sophon] now", "command"), [
    { plain: "login --token " },
    { secret: "[secret hidden by Sophon]" },
    { plain: " now" },
  ]);
});

// What is written, as what, and what is shown.
const DISGUISES: readonly [string, Style, string][] = [
  ["p\u0430ypal", "line", "p\u0430‹U+0430 Cyrillic›ypal"],
  ["Micr\u03bfsoft", "line", "Micr\u03bf‹U+03BF Greek›soft"],
  ["\u0410\u0440\u0440l\u0435", "line", "\u0410\u0440\u0440‹Cyrillic›l\u0435‹U+0435 Cyrillic›"],
  ["\u0421\u043e\u0441\u043e", "line", "\u0421\u043e\u0441\u043e‹Cyrillic›"],
  ["\u0430 \u043a\u043e\u0442 \u0436\u0434\u0451\u0442", "line", "\u0430 \u043a\u043e\u0442 \u0436\u0434\u0451\u0442"],
  ["\u0441\u0430t notes", "command", "\u0441\u0430‹Cyrillic›t notes"],
  ["\u0441\u0430\u0442 notes", "command", "\u0441\u0430\u0442‹Cyrillic› notes"],
  ["cat файл.txt", "command", "cat файл.txt"],
  ["\uff52\uff4d -rf", "command", "\uff52\uff4d‹fullwidth› -rf"],
  ["\u{1d5ff}\u{1d5fa} -rf", "line", "\u{1d5ff}\u{1d5fa}‹mathematical› -rf"],
  ["rm \u2013rf \u2215", "command", "rm \u2013‹U+2013 not -›rf \u2215‹U+2215 not /›"],
  ["a \uff5c b\u037e", "command", "a \uff5c‹U+FF5C not |› b\u037e‹U+037E not ;›"],
  ["curl \u2018x\u2019", "command", "curl \u2018‹U+2018 not '›x\u2019‹U+2019 not '›"],
  ["Ada\u2019s phone \u2013 new", "line", "Ada\u2019s phone \u2013 new"],
  ["g\u0261le", "line", "g\u0261‹U+0261 unusual Latin›le"],
  ["port 8\u0660\u0660", "line", "port 8\u0660\u0660‹other digit›"],
  ["\u03b1\u0432\u0441", "line", "\u03b1‹U+03B1 Greek›\u0432\u0441‹Cyrillic›"],
];

test("letters and signs that look like others come with what they are", () => {
  for (const [text, style, shown] of DISGUISES) assert.equal(visible(text, style), shown);
});

test("marks that belong to a letter stay, and piles of them are told", () => {
  assert.equal(visible("cafe\u0301", "command"), "cafe\u0301");
  assert.equal(visible("rm\u0332", "command"), "rm‹U+0332›");
  assert.equal(visible(`a${"\u0301".repeat(40)}b`), "a\u0301\u0301‹U+0301 ×38›b");
  assert.equal(visible("o\u0338k"), "o‹U+0338›k");
});

test("in a command every word stays at its place, whichever way it is written", () => {
  assert.deepEqual(pieces("rm אבג / דהו", "command"), [
    { plain: "rm " },
    { rtl: "אבג" },
    { plain: " / " },
    { rtl: "דהו" },
  ]);
});

test("a hundred thousand characters take no time that a person would notice", () => {
  for (const sample of ["a\u200b", "р\u0430y ", "x\u0301\u0301\u0301", "אב ", "\u001b", "\u{1d5ff}"]) {
    const text = sample.repeat(100_000 / sample.length);
    const began = performance.now();
    pieces(text, "command");
    assert.ok(performance.now() - began < 1_000, JSON.stringify(sample));
  }
});
