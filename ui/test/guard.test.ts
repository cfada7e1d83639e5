import assert from "node:assert/strict";
import { test } from "node:test";

import { SETTLE_MS, Settled } from "../src/logic/guard";

test("a card can be answered once it has been at its place for a moment", () => {
  const settled = new Settled();
  settled.note(new Map([["a", 0]]), 1_000);
  assert.ok(!settled.has("a", 1_000 + SETTLE_MS - 1));
  assert.ok(settled.has("a", 1_000 + SETTLE_MS));
});

test("a card that moves up when another one goes starts to settle anew", () => {
  const settled = new Settled();
  settled.note(new Map([["a", 0], ["b", 200]]), 0);
  settled.note(new Map([["b", 0]]), 5_000);
  assert.ok(!settled.has("b", 5_100));
  assert.ok(settled.has("b", 5_000 + SETTLE_MS));
  assert.ok(!settled.has("a", 9_000));
});

test("a card that stays where it is stays answerable when others come below", () => {
  const settled = new Settled();
  settled.note(new Map([["a", 0]]), 0);
  settled.note(new Map([["a", 0], ["b", 200]]), 5_000);
  assert.ok(settled.has("a", 5_001));
});
