import assert from "node:assert/strict";
import { test } from "node:test";

import type { SeatSettings } from "../src/generated";
import { edited, isChanged, settle } from "../src/logic/edits";

const SETTINGS: SeatSettings = {
  name: "desk",
  gateway_url: "",
  openclaw_folder: "",
  cloud_url: "",
};

test("blanks around a value are no change and are not saved", () => {
  assert.ok(!isChanged(SETTINGS, { name: " desk " }));
  assert.equal(edited(SETTINGS, { name: " lab " }).name, "lab");
  assert.equal(edited({ ...SETTINGS, cloud_url: "https://c" }, { name: "x" }).cloud_url, "https://c");
});

test("a value that was taken in another spelling is no longer an edit", () => {
  const taken = { ...SETTINGS, gateway_url: "ws://desk:18789/" };
  assert.deepEqual(settle({ gateway_url: "WS://desk:18789" }, SETTINGS, taken), {});
});

test("what is being typed survives a change of something else", () => {
  const other = { ...SETTINGS, cloud_url: "https://c", name: "lab" };
  assert.deepEqual(settle({ gateway_url: "ws://d" }, SETTINGS, other), { gateway_url: "ws://d" });
});
