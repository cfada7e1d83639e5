import assert from "node:assert/strict";
import { test } from "node:test";

import { append, filter, KEPT_LINES } from "../src/logic/log";

const line = (level: string, text: string) => ({ at_ms: 0, level, from: "bridge", text });

test("only the last lines are kept, and each keeps its number", () => {
  const first = append([], [line("info", "one"), line("info", "two")]);
  const many = append(first, Array.from({ length: KEPT_LINES }, () => line("info", "more")));
  assert.equal(many.length, KEPT_LINES);
  assert.equal(many[0]?.number, 3);
  assert.equal(many[KEPT_LINES - 1]?.number, KEPT_LINES + 2);
});

test("a level brings the graver ones along, and an unknown one is never hidden", () => {
  const rows = append([], ["error", "warn", "info", "debug", "odd"].map((level) => line(level, "x")));
  assert.deepEqual(filter(rows, "warn", "").map((row) => row.level), ["error", "warn", "odd"]);
});

test("the text filter looks at text and origin in any case", () => {
  const rows = append([], [line("info", "Paired"), line("info", "other")]);
  assert.equal(filter(rows, "debug", " paired ").length, 1);
  assert.equal(filter(rows, "debug", "BRIDGE").length, 2);
});
