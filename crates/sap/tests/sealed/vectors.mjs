// The cryptography of encrypted sessions a second time, on Node's own primitives and TweetNaCl, so
// that an error of the bridge cannot hide on both sides.
//
//   node vectors.mjs make           prints the vectors, the same ones every time
//   node vectors.mjs open < sealed  opens what the bridge sealed, and prints what it found

import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync } from "node:crypto";
import { readFileSync } from "node:fs";
import nacl from "tweetnacl";

const NOTHING = Buffer.of(0x00);
const SYMMETRIC = Buffer.of(0x01);
const SEALED_BOX = Buffer.of(0x02);

const hex = (bytes) => Buffer.from(bytes).toString("hex");
const unhex = (text) => Buffer.from(text, "hex");

/** Bytes that look random, and are the same every time. */
const bytes = (name, length = 32) =>
  createHash("sha256").update(name).digest().subarray(0, length);

const derive = (secret, info) =>
  Buffer.from(hkdfSync("sha256", secret, "", `sophon/v1/${info}`, 32));

function seal(key, nonce, plaintext) {
  if (plaintext.length === 0) return NOTHING;
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const body = [cipher.update(plaintext), cipher.final()];
  return Buffer.concat([SYMMETRIC, nonce, ...body, cipher.getAuthTag()]);
}

function open(key, envelope) {
  if (envelope.equals(NOTHING)) return Buffer.alloc(0);
  if (envelope.length < 29 || envelope[0] !== 0x01) throw new Error("no envelope");
  const decipher = createDecipheriv("aes-256-gcm", key, envelope.subarray(1, 13));
  decipher.setAuthTag(envelope.subarray(-16));
  return Buffer.concat([decipher.update(envelope.subarray(13, -16)), decipher.final()]);
}

const boxKey = (secret, theirPublic) => derive(nacl.box.before(theirPublic, secret), "sealed-box");
const publicKey = (secret) => nacl.box.keyPair.fromSecretKey(secret).publicKey;

function wrap(contentKey, recipient, ephemeral, nonce) {
  const sealed = seal(boxKey(ephemeral, recipient), nonce, contentKey);
  return Buffer.concat([SEALED_BOX, publicKey(ephemeral), sealed]);
}

function unwrap(sealed, secret) {
  if (sealed.length < 34 || sealed[0] !== 0x02) throw new Error("no sealed box");
  return open(boxKey(secret, sealed.subarray(1, 33)), sealed.subarray(33));
}

function blindIndex(contentKey, scope, inputs) {
  const parts = [scope, ...inputs].map((part) => Buffer.from(part));
  const joined = parts.flatMap((part) => [Buffer.of(0xff), part]).slice(1);
  const mac = createHmac("sha256", derive(contentKey, "blind-index"));
  return mac.update(Buffer.concat(joined)).digest().subarray(0, 16).toString("base64url");
}

const path = ({ kind, session, index }) => [kind, session, index].filter(Boolean).join("/");
const blobKey = (blob) => derive(unhex(blob.content_key), `blob/${path(blob)}`);

function make() {
  const session = "ses_4kPq0Zt7uYbNw2Lx";
  const index = blindIndex(bytes("content key 1"), "agent_files", [session, "/home/ada/notes.md"]);
  const texts = [
    "x",
    "Exactly 16 bytes",
    "Grüße, 世界 🌍\n\t\"quoted\" \\ \u0000",
    JSON.stringify({ title: "Run a command", command: "rm -rf /tmp/x", host: "gateway" }),
    "A text of many blocks, so that all of them count. ".repeat(12),
    "",
  ];
  const places = [
    { kind: "messages", session },
    { kind: "tasks", session },
    { kind: "approvals", session },
    { kind: "agent_files", session, index },
    { kind: "messages", session: "ses_é/strange" },
  ];
  const keys = ["content key 1", "content key 2"].map((name) => bytes(name));

  const blobs = [];
  for (const contentKey of keys) {
    for (const place of places) {
      for (const plaintext of texts) {
        const blob = { content_key: hex(contentKey), ...place };
        const nonce = bytes(`nonce ${blobs.length}`, 12);
        const envelope = seal(blobKey(blob), nonce, Buffer.from(plaintext)).toString("base64");
        blobs.push({ ...blob, plaintext, envelope });
      }
    }
  }

  const inputs = [
    ["agent_files", [session, "/home/ada/notes.md"]],
    ["agent_files", [session, "/home/ada/Größe 🌍.txt"]],
    ["agent_files", [session]],
    ["agent_files", []],
    ["", ["", ""]],
  ];
  const blindIndexes = keys.flatMap((contentKey) =>
    inputs.map(([scope, inputs]) => ({
      content_key: hex(contentKey),
      scope,
      inputs,
      index: blindIndex(contentKey, scope, inputs),
    })),
  );

  const grants = [0, 1, 2, 3].map((n) => {
    const secret = bytes(`device ${n}`);
    const contentKey = bytes(`granted key ${n}`);
    const ephemeral = bytes(`ephemeral ${n}`);
    const sealed = wrap(contentKey, publicKey(secret), ephemeral, bytes(`box nonce ${n}`, 12));
    return {
      device_secret: hex(secret),
      device_public: hex(publicKey(secret)),
      content_key: hex(contentKey),
      sealed: sealed.toString("base64"),
    };
  });

  return { blobs, blind_indexes: blindIndexes, grants };
}

function opened({ blobs, grants }) {
  return {
    plaintexts: blobs.map((blob) =>
      open(blobKey(blob), Buffer.from(blob.envelope, "base64")).toString(),
    ),
    content_keys: grants.map(({ sealed, device_secret }) =>
      hex(unwrap(Buffer.from(sealed, "base64"), unhex(device_secret))),
    ),
  };
}

switch (process.argv[2]) {
  case "make":
    console.log(JSON.stringify(make(), null, 1));
    break;
  case "open":
    console.log(JSON.stringify(opened(JSON.parse(readFileSync(0, "utf8")))));
    break;
  default:
    console.error("usage: node vectors.mjs make | open");
    process.exit(2);
}
