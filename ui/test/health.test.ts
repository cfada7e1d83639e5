import assert from "node:assert/strict";
import { test } from "node:test";

import { fixtures } from "../src/dev/fixtures";
import { headline, lockedOut, losses } from "../src/logic/health";

const NOW = Date.UTC(2026, 0, 1);
const STATES = fixtures(NOW);

test("the headline names the side that is missing and tells who has to act", () => {
  const titles = ["overview-connected", "overview-connecting", "overview-degraded", "overview-stuck"];
  assert.deepEqual(
    titles.map((name) => headline(STATES[name]!.view!.installations[0]!.standing, NOW).title),
    ["Connected", "Connecting", "OpenClaw is not connected", "Sophon Cloud needs you"],
  );
});

test("while nothing can be stored, nothing is called connected", () => {
  const shown = headline(STATES["overview-storage"]!.view!.installations[0]!.standing, NOW);
  assert.deepEqual([shown.standing, shown.title], ["stuck", "Nothing can be stored"]);
});

test("messages that wait for the key of their chat are counted", () => {
  assert.equal(lockedOut(0), null);
  assert.match(lockedOut(1)!, /1 encrypted message waits/);
  assert.match(lockedOut(3)!, /3 encrypted messages wait/);
});

test("what the cloud refused is counted, and nothing is said where nothing was", () => {
  assert.equal(losses(0), null);
  assert.match(losses(1)!, /1 part of an answer for good/);
  assert.match(losses(2)!, /2 parts of answers for good/);
});
