import assert from "node:assert/strict";
import { test } from "node:test";

import { ago, left, retry, roundTrip, span } from "../src/logic/time";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

test("a span is told in the unit that matters", () => {
  assert.equal(span(59_999), "59 s");
  assert.equal(span(60_000), "1 min");
  assert.equal(span(2 * HOUR + 5 * MINUTE), "2 h 5 min");
  assert.equal(span(3 * HOUR), "3 h");
  assert.equal(span(25 * HOUR), "1 day");
  assert.equal(span(49 * HOUR), "2 days");
});

test("a clock that was set back never makes a negative time", () => {
  assert.equal(span(-5), "0 s");
  assert.equal(ago(10 * SECOND, 3 * SECOND), "just now");
  assert.equal(left(3 * SECOND, 10 * SECOND), "0 s");
});

test("a begun second still counts, so that nothing ends while it says one second", () => {
  assert.equal(left(1_001, 0), "2 s");
  assert.equal(left(1, 0), "1 s");
  assert.equal(left(250 * SECOND, 0), "4 min 10 s");
  assert.equal(left(240 * SECOND, 0), "4 min");
});

test("the next try is announced until its moment has come", () => {
  assert.equal(retry(8 * SECOND, 0), "trying again in 8 s");
  assert.equal(retry(8 * SECOND, 8 * SECOND), "trying again now");
});

test("a round trip keeps its first figure", () => {
  assert.equal(roundTrip(0.42), "0.4 ms");
  assert.equal(roundTrip(14.4), "14 ms");
  assert.equal(roundTrip(1_234), "1.2 s");
});
