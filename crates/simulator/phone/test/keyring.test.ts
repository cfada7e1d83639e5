import assert from "node:assert/strict";
import { test } from "node:test";

import { Keyring } from "../src/keyring.js";
import * as sealed from "../src/sealed.js";

const SESSION = "ses_1";

function memory() {
  const kept = new Map<string, string>();
  return {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => void kept.set(name, value),
  };
}

/** The chat, at a computer whose bridge is this device. */
function chat(device: { device_id: string; pubkey: string } | null) {
  const installation = { id: "inst_1", name: "Mac", state: "connected" as const, device };
  return [{ id: SESSION, installation, ended: false }];
}

test("the key of a new chat is handed to its computer once, and again when that has a new device", async () => {
  const keyring = new Keyring(memory());
  keyring.make(SESSION);
  const posted: [string, { device_id: string; wrapped_session_key: string }][] = [];
  const post = async (path: string, body: object) => {
    posted.push([path, body as (typeof posted)[number][1]]);
    return true;
  };
  await keyring.handOut(chat(null), post);
  assert.equal(posted.length, 0, "nobody is there to get it");
  for (const [count, device_id] of [[1, "dev_1"], [1, "dev_1"], [2, "dev_2"]] as const) {
    const secret = sealed.newKey();
    await keyring.handOut(chat({ device_id, pubkey: sealed.publicKey(secret) }), post);
    assert.equal(posted.length, count);
    assert.equal(posted.at(-1)![1].device_id, device_id);
  }
  assert.equal(posted[0]![0], "/v1/me/sessions/ses_1/grants");
});

test("what the cloud did not take is handed out again", async () => {
  const keyring = new Keyring(memory());
  keyring.make(SESSION);
  const device = { device_id: "dev_1", pubkey: sealed.publicKey(sealed.newKey()) };
  let count = 0;
  const post = async () => ++count > 1;
  for (let time = 0; time < 3; time += 1) await keyring.handOut(chat(device), post);
  assert.equal(count, 2);
});

test("another phone reads once it has the key, and keeps it", async () => {
  const [first, storage] = [new Keyring(memory()), memory()];
  const second = new Keyring(storage);
  first.make(SESSION);
  const envelope = await first.seal(SESSION, "hello");
  assert.ok(envelope);
  assert.equal(await second.open(SESSION, "messages", envelope), null);
  assert.equal(await second.seal(SESSION, "x"), null, "without a key nothing is sealed");
  let wrapped_session_key = "";
  await first.handOut(chat({ device_id: "dev_2", pubkey: second.publicKey }), async (_, body) => {
    ({ wrapped_session_key } = body as { wrapped_session_key: string });
    return true;
  });
  const stranger = await sealed.grant(sealed.publicKey(sealed.newKey()), sealed.newKey());
  const grants = ["no base64!", stranger, wrapped_session_key];
  const given = grants.map((it) => ({ session_id: SESSION, wrapped_session_key: it }));
  assert.equal(await second.take(given), true);
  assert.equal(await second.take(given), false, "nothing of it is new");
  const later = new Keyring(storage);
  assert.equal(await later.open(SESSION, "messages", envelope), "hello");
  assert.equal(later.publicKey, second.publicKey);
  assert.equal(await later.open(SESSION, "messages", "not an envelope"), null);
});

test("a phone seals with the newest key and reads what older ones sealed", async () => {
  const keyring = new Keyring(memory());
  const keys = [sealed.newKey(), sealed.newKey()];
  const envelopes: string[] = [];
  for (const key of keys) {
    const wrapped_session_key = await sealed.grant(keyring.publicKey, key);
    await keyring.take([{ session_id: SESSION, wrapped_session_key }]);
    envelopes.push((await keyring.seal(SESSION, "x"))!);
  }
  for (const envelope of envelopes) {
    assert.equal(await keyring.open(SESSION, "messages", envelope), "x");
  }
  assert.equal(await sealed.open(keys[1]!, "messages/ses_1", envelopes[1]!), "x");
});
