import assert from "node:assert/strict";
import { test } from "node:test";

import { type Place, SETTLE_MS, Settled } from "../src/logic/guard";

const ASKED = { command: "ls" };

function places(tops: Record<string, number>, says: object = ASKED): Map<string, Place> {
  return new Map(Object.entries(tops).map(([key, top]) => [key, { top, says }]));
}

test("a card can be answered once it has been at its place for a moment", () => {
  const settled = new Settled();
  settled.note(places({ a: 0 }), 1_000);
  assert.ok(!settled.has("a", 1_000 + SETTLE_MS - 1));
  assert.ok(settled.has("a", 1_000 + SETTLE_MS));
});

test("a card that moves up when another one goes starts to settle anew", () => {
  const settled = new Settled();
  settled.note(places({ a: 0, b: 200 }), 0);
  settled.note(places({ b: 0 }), 5_000);
  assert.ok(!settled.has("b", 5_100));
  assert.ok(settled.has("b", 5_000 + SETTLE_MS));
  assert.ok(!settled.has("a", 9_000));
});

test("a card that stays where it is stays answerable when others come below", () => {
  const settled = new Settled();
  settled.note(places({ a: 0 }), 0);
  settled.note(places({ a: 0, b: 200 }), 5_000);
  assert.ok(settled.has("a", 5_001));
});

test("a card that asks something else at the same place starts to settle anew", () => {
  const settled = new Settled();
  settled.note(places({ a: 0 }), 0);
  settled.note(places({ a: 0 }, { command: "rm" }), 5_000);
  assert.ok(!settled.has("a", 5_001));
  assert.ok(settled.has("a", 5_000 + SETTLE_MS));
});
