import assert from "node:assert/strict";
import { test } from "node:test";

import { fixtures } from "../src/dev/fixtures";
import type { View } from "../src/generated";
import { after, AT_FIRST, type State } from "../src/state";

const NOW = Date.UTC(2026, 0, 1);
const STATES = fixtures(NOW);

function viewOf(name: string): View {
  return STATES[name]!.view!;
}

function seeing(...names: string[]): State {
  return names.reduce(
    (state, name) => after(state, { message: "view", view: viewOf(name) }),
    AT_FIRST,
  );
}

test("a pairing that succeeds is told once, and only where it was seen", () => {
  assert.ok(seeing("overview-pairing", "overview-connected").justPaired);
  assert.ok(seeing("overview-pairing", "overview-connected", "overview-degraded").justPaired);
  assert.ok(!seeing("overview-starting", "overview-connected").justPaired);
  assert.ok(!seeing("overview-pairing", "overview-connected", "overview-paused").justPaired);
});

test("requests that were there when the window opened are no news, later ones are", () => {
  assert.equal(seeing("requests").news.text, "");
  assert.equal(seeing("overview-connected", "requests").news.text, "4 new requests");
  assert.equal(seeing("requests", "requests").news.serial, 0);
  assert.equal(
    seeing("overview-connected", "requests-deciding").news.text,
    "New request: Run a command",
  );
});

test("an approval is shown on its page, and About on the settings", () => {
  const shown = after(AT_FIRST, { message: "show", page: null, approval: "grave" });
  assert.equal(shown.tab, "requests");
  assert.equal(shown.target.approval, "grave");
  const about = after(shown, { message: "show", page: "about", approval: null });
  assert.equal(about.tab, "settings");
  assert.ok(about.target.about);
  assert.equal(after(about, { message: "show", page: null, approval: null }).tab, "settings");
});

test("turning pages by the arrow keys leaves the focus at the tabs", () => {
  const turned = after(AT_FIRST, { message: "turn", tab: "requests", keepFocus: true });
  assert.ok(!turned.target.takesFocus);
});
