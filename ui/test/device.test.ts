import assert from "node:assert/strict";
import { test } from "node:test";

import { nameFault } from "../src/logic/device";

test("a name has one to sixty-four characters, however many bytes each takes", () => {
  assert.equal(nameFault("Kitchen"), null);
  assert.equal(nameFault("🎉".repeat(64)), null);
  assert.match(nameFault("🎉".repeat(65))!, /this one has 65/);
  assert.match(nameFault("")!, /at least one/);
  assert.match(nameFault("a\nb")!, /line breaks/);
});
