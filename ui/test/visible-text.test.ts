import assert from "node:assert/strict";
import { test } from "node:test";

import { pieces, visible } from "../src/logic/visible-text";

test("characters that reorder, join or hide become marks with their number", () => {
  assert.deepEqual(pieces("gpj\u202eexe"), [
    { plain: "gpj" },
    { mark: "‹U+202E›" },
    { plain: "exe" },
  ]);
  for (const hidden of ["\u200b", "\u200d", "\u2066", "\ufeff", "\u00ad", "\u3164", "\u2800", "\u{e0041}"]) {
    const code = hidden.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0");
    assert.equal(visible(`a${hidden}b`), `a‹U+${code}›b`);
  }
});

test("spaces that are not the plain one are marked, and so are half characters", () => {
  assert.equal(visible("rm\u00a0-rf\u3000/"), "rm‹U+00A0›-rf‹U+3000›/");
  assert.equal(visible("\ud800!"), "‹U+D800›!");
});

test("control characters are marked by name, and a carriage return cannot overwrite a line", () => {
  assert.equal(visible("safe\rrm -rf /"), "safe‹CR›rm -rf /");
  assert.equal(visible("\u001b[8m\u0000\u007f\u0085"), "‹ESC›[8m‹NUL›‹DEL›‹U+0085›");
});

test("line breaks, tabs, other scripts and emoji stay readable", () => {
  assert.deepEqual(pieces("a\n\tb"), [{ plain: "a\n" }, { tab: true }, { plain: "b" }]);
  assert.equal(visible("Grüße, 世界, שלום ⚠️ 🎉"), "Grüße, 世界, שלום ⚠️ 🎉");
});

test("the emoji style is marked where it hides after something else", () => {
  assert.equal(visible("a\ufe0f"), "a‹U+FE0F›");
});
