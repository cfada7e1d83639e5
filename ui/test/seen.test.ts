import assert from "node:assert/strict";
import { test } from "node:test";

import { join, sawAll, stretchShown } from "../src/logic/seen";

const SCREEN = { top: 0, bottom: 600 };

test("a short text is seen at once, and not while it is below the screen", () => {
  const all = stretchShown({ top: 100, bottom: 140 }, { top: 90, bottom: 150 }, SCREEN);
  assert.ok(all !== null && sawAll([all]));
  assert.equal(stretchShown({ top: 700, bottom: 740 }, { top: 690, bottom: 750 }, SCREEN), null);
});

test("a long text is seen once every part was on the screen, in any order", () => {
  const box = { top: 100, bottom: 300 };
  let seen = join([], stretchShown({ top: 100, bottom: 600 }, box, SCREEN)!);
  assert.ok(!sawAll(seen));
  // To the end at once: the middle is missing.
  seen = join(seen, stretchShown({ top: -200, bottom: 300 }, box, SCREEN)!);
  assert.ok(!sawAll(seen));
  seen = join(seen, stretchShown({ top: -50, bottom: 450 }, box, SCREEN)!);
  assert.ok(sawAll(seen));
});

test("a box that is half below the screen shows only its upper half", () => {
  const shown = stretchShown({ top: 500, bottom: 700 }, { top: 500, bottom: 700 }, SCREEN);
  assert.ok(shown !== null && shown.from === 0 && shown.to > 0.5 && shown.to < 0.52);
});
