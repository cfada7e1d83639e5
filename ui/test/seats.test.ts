import assert from "node:assert/strict";
import { test } from "node:test";

import { connectedView, severalView } from "../src/dev/overviews";
import { chosen, nameAmong, nameIn } from "../src/logic/seats";

const ONE = connectedView(0);
const SEVERAL = severalView(0);

test("the only installation needs no name, and alike ones are told apart", () => {
  assert.equal(nameAmong(ONE, 0), null);
  assert.equal(nameAmong(SEVERAL, 0), "Ada's desk (1)");
  assert.equal(nameAmong(SEVERAL, 1), "Ada's desk (2)");
  assert.equal(nameAmong(SEVERAL, 4), "Work: build server");
  assert.equal(nameIn(SEVERAL, 99), "Installation 99");
});

test("an installation that is gone gives its place to the first one", () => {
  assert.equal(chosen(SEVERAL, 4)?.slot, 4);
  assert.equal(chosen(SEVERAL, 99)?.slot, 0);
  assert.equal(chosen(SEVERAL, null)?.slot, 0);
});
