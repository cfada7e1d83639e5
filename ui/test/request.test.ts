import assert from "node:assert/strict";
import { test } from "node:test";

import { foreign, usual } from "../src/dev/requests";
import type { Outcome, PastRequest, RequestKind } from "../src/generated";
import { isGrave, missingOf, outcomeOf, titleOf, verdictWord, waitingOf } from "../src/logic/request";

function past(kind: RequestKind, outcome: Outcome): PastRequest {
  return { key: `${kind}:1`, slot: 0, kind, what: "x", ended_at_ms: 0, outcome };
}

test("the history says by whom, and how it ended where nobody decided", () => {
  const words = (kind: RequestKind, outcome: Outcome): string => outcomeOf(past(kind, outcome)).words;
  assert.equal(words("approval", { outcome: "allowed", always: false, by: "computer" }), "Allowed at this computer");
  assert.equal(words("approval", { outcome: "allowed", always: true, by: "phone" }), "Always allowed on the phone");
  assert.equal(words("device", { outcome: "denied", by: "elsewhere" }), "Denied elsewhere");
  assert.equal(words("sender", { outcome: "denied", by: "computer" }), "Dismissed at this computer");
  assert.match(words("approval", { outcome: "expired" }), /nobody answered/);
  assert.match(words("approval", { outcome: "failed", why: "gone\u202e" }), /gone‹U\+202E›$/);
});

test("a person is dismissed, everybody else is denied", () => {
  assert.equal(verdictWord("deny", "sender"), "Dismiss");
  assert.equal(verdictWord("deny", "node"), "Deny");
});

test("high and critical requests of any kind must be seen whole", () => {
  const grave = usual(0).filter((pending) => isGrave(pending.subject)).map((pending) => pending.key);
  assert.deepEqual(grave, [
    "approval:grave",
    "approval:secret",
    "device:new",
    "device:change",
    "node:phone",
  ]);
});

test("a cut name says how much is missing, and a known device goes by the name it is known as", () => {
  assert.equal(missingOf(foreign("x", 99)), " … 99 characters more");
  assert.equal(missingOf(foreign("x")), "");
  const change = usual(0).find((pending) => pending.key === "device:change")!;
  assert.equal(titleOf(change.subject), "Kitchen");
});

test("each page shows the kinds that belong to it, of its gateway", () => {
  const all = usual(0);
  const keys = (kinds: RequestKind[], slot: number): string[] =>
    waitingOf(all, kinds, slot).map((pending) => pending.key);
  assert.deepEqual(keys(["sender"], 0), ["sender:grace"]);
  assert.deepEqual(keys(["device", "node"], 0), ["device:new", "device:change", "node:phone"]);
  assert.deepEqual(keys(["sender"], 1), []);
});
