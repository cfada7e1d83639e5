import assert from "node:assert/strict";
import { test } from "node:test";

import * as sealed from "../src/sealed.js";

const PATH = "messages/ses_1";

test("what was sealed is read again", async () => {
  const key = sealed.newKey();
  for (const text of ["", "x", "Grüße 👋\n", "\uFEFFbegins with a mark", "y".repeat(70_000)]) {
    assert.equal(await sealed.open(key, PATH, await sealed.seal(key, PATH, text)), text);
  }
  assert.equal(await sealed.seal(key, PATH, ""), "AA==");
});

test("another path, another key and another byte open nothing", async () => {
  const key = sealed.newKey();
  const envelope = await sealed.seal(key, PATH, "x");
  assert.equal(await sealed.open(key, "tasks/ses_1", envelope), null);
  assert.equal(await sealed.open(sealed.newKey(), PATH, envelope), null);
  const bytes = sealed.unbase64(envelope);
  for (const at of bytes.keys()) {
    const changed = bytes.slice();
    changed[at]! ^= 1;
    const opened = sealed.open(key, PATH, sealed.base64(changed));
    if (at === 0) await assert.rejects(opened, /form of an envelope/);
    else assert.equal(await opened, null, `byte ${at}`);
  }
  await assert.rejects(sealed.open(key, PATH, sealed.base64(bytes.slice(0, 28))));
});

test("a key opens on the device that it was granted to, and on no other", async () => {
  const [device, other, key] = [sealed.newKey(), sealed.newKey(), sealed.newKey()];
  const grant = await sealed.grant(sealed.publicKey(device), key);
  assert.deepEqual(await sealed.openGrant(device, grant), key);
  assert.equal(await sealed.openGrant(other, grant), null);
  await assert.rejects(sealed.openGrant(device, await sealed.seal(key, PATH, "x")));
  await assert.rejects(sealed.grant("00".repeat(32), key), /no device/);
});
