import assert from "node:assert/strict";
import { test } from "node:test";

import { usual } from "../src/dev/requests";
import type { Pending } from "../src/generated";
import { kept } from "../src/logic/kept";

const BEFORE = usual(0);

function again(): Pending[] {
  return structuredClone(BEFORE);
}

test("a request that says the same stays the same object, wherever it stands now", () => {
  const after = kept(BEFORE, again().reverse());
  assert.deepEqual(after, [...BEFORE].reverse());
  assert.ok(after.every((pending) => BEFORE.includes(pending)));
});

test("what is asked stays the same object while it is being decided", () => {
  const [first] = again();
  const [after] = kept(BEFORE, [{ ...first!, deciding: "deny" }]);
  assert.equal(after?.deciding, "deny");
  assert.equal(after?.subject, BEFORE[0]!.subject);
});

test("another question under the same key is another object", () => {
  const [first] = again();
  const [after] = kept(BEFORE, [{ ...first!, subject: BEFORE[1]!.subject }]);
  assert.notEqual(after?.subject, BEFORE[0]!.subject);
  assert.deepEqual(after?.subject, BEFORE[1]!.subject);
});
