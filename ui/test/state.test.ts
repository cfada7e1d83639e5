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
  assert.equal(seeing("overview-pairing", "overview-connected").justPaired, 0);
  assert.equal(seeing("overview-pairing", "overview-connected", "overview-degraded").justPaired, 0);
  assert.equal(seeing("overview-starting", "overview-connected").justPaired, null);
  assert.equal(
    seeing("overview-pairing", "overview-connected", "overview-paused").justPaired,
    null,
  );
});

test("an installation that comes is shown at once, and none is turned to at the start", () => {
  assert.equal(seeing("overview-several").slot, null);
  assert.equal(seeing("overview-connected", "overview-several-pairing").slot, 7);
  const back = after(seeing("overview-connected", "overview-several-pairing"), {
    message: "choose",
    slot: 0,
  });
  assert.equal(back.slot, 0);
});

test("requests that were there when the window opened are no news, later ones are", () => {
  assert.equal(seeing("requests").news.text, "");
  assert.equal(seeing("overview-connected", "requests").news.text, "8 new requests");
  assert.equal(seeing("requests", "requests").news.serial, 0);
  assert.equal(
    seeing("overview-connected", "requests-deciding").news.text,
    "New request: Run a command",
  );
});

test("a request that has changed under its key is said again", () => {
  const waits = seeing("requests-deciding");
  const [pending] = waits.view!.pending;
  const changed = { ...waits.view!, pending: [{ ...pending!, seen: "another" }] };
  const told = after(waits, { message: "view", view: changed });
  assert.equal(told.news.text, "New request: Run a command");
  assert.equal(after(told, { message: "view", view: changed }).news.serial, told.news.serial);
});

test("the end of a request is said once, with who decided", () => {
  const waits = seeing("requests-deciding");
  const [pending] = waits.view!.pending;
  const over: View = {
    ...waits.view!,
    pending: [],
    history: [
      {
        key: pending!.key,
        slot: 0,
        kind: "approval",
        what: "npm ci",
        ended_at_ms: NOW,
        outcome: { outcome: "allowed", always: false, by: "phone" },
      },
    ],
  };
  const told = after(waits, { message: "view", view: over });
  assert.equal(told.news.text, "Allowed on the phone: npm ci");
  assert.equal(after(told, { message: "view", view: over }).news.serial, told.news.serial);
});

test("a request is shown on its page, and About on the settings", () => {
  const shown = after(AT_FIRST, { message: "show", page: null, key: "approval:grave" });
  assert.equal(shown.tab, "requests");
  assert.equal(shown.target.key, "approval:grave");
  const about = after(shown, { message: "show", page: "about", key: null });
  assert.equal(about.tab, "settings");
  assert.ok(about.target.about);
  assert.equal(after(about, { message: "show", page: null, key: null }).tab, "settings");
});

test("turning pages by the arrow keys leaves the focus at the tabs", () => {
  const turned = after(AT_FIRST, { message: "turn", tab: "requests", keepFocus: true });
  assert.ok(!turned.target.takesFocus);
});
