// Encrypted content, upon WebCrypto and TweetNaCl. Runs in a page and in Node.js.
import nacl from "tweetnacl";

export type Bytes = Uint8Array<ArrayBuffer>;

const SYMMETRIC = 1;
const SEALED_BOX = 2;
const KEY = 32;
const NONCE = 12;
const TAG = 16;

/** Makes the key of a session, or the secret key of a device. */
export function newKey(): Bytes {
  return crypto.getRandomValues(new Uint8Array(KEY));
}

/** Returns what a device is known by: 64 hexadecimal digits. */
export function publicKey(secret: Bytes): string {
  const bytes = nacl.box.keyPair.fromSecretKey(secret).publicKey;
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Seals a text as content of this path, such as `messages/ses_1`. */
export async function seal(sessionKey: Bytes, path: string, text: string): Promise<string> {
  if (text === "") return base64(Uint8Array.of(0));
  const key = await blobKey(sessionKey, path);
  return base64(await sealBytes(key, new TextEncoder().encode(text)));
}

/** Opens an envelope of this path; gives null where the key does not fit it. */
export async function open(
  sessionKey: Bytes,
  path: string,
  envelope: string,
): Promise<string | null> {
  const bytes = unbase64(envelope);
  if (bytes.length === 1 && bytes[0] === 0) return "";
  const plain = await openBytes(await blobKey(sessionKey, path), bytes);
  return plain && new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(plain);
}

/** Seals a session's key for the device of a public key. */
export async function grant(recipient: string, sessionKey: Bytes): Promise<string> {
  const ephemeral = newKey();
  const head = Uint8Array.of(SEALED_BOX, ...unhex(publicKey(ephemeral)));
  const sealed = await sealBytes(await boxKey(unhex(recipient), ephemeral), sessionKey);
  return base64(Uint8Array.of(...head, ...sealed));
}

/** Opens a session's key that was granted to the device of a secret key, null if to another. */
export async function openGrant(secret: Bytes, sealed: string): Promise<Bytes | null> {
  const bytes = unbase64(sealed);
  if (bytes[0] !== SEALED_BOX || bytes.length <= 1 + KEY) {
    throw new Error("this is no key that was granted");
  }
  const key = await boxKey(bytes.slice(1, 1 + KEY), secret);
  return openBytes(key, bytes.slice(1 + KEY));
}

/** Writes standard base64. */
export function base64(bytes: Bytes): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/** Reads standard base64. */
export function unbase64(text: string): Bytes {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

function unhex(text: string): Bytes {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

async function sealBytes(key: CryptoKey, plain: Bytes): Promise<Bytes> {
  const iv = crypto.getRandomValues(new Uint8Array(NONCE));
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, plain);
  const envelope = new Uint8Array(1 + NONCE + sealed.byteLength);
  envelope.set([SYMMETRIC]);
  envelope.set(iv, 1);
  envelope.set(new Uint8Array(sealed), 1 + NONCE);
  return envelope;
}

async function openBytes(key: CryptoKey, envelope: Bytes): Promise<Bytes | null> {
  if (envelope[0] !== SYMMETRIC || envelope.length < 1 + NONCE + TAG) {
    throw new Error("this has not the form of an envelope");
  }
  const iv = envelope.slice(1, 1 + NONCE);
  try {
    const sealed = envelope.slice(1 + NONCE);
    return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, sealed));
  } catch {
    // WebCrypto says no more than that the tag does not fit.
    return null;
  }
}

const blobKeys = new Map<string, Promise<CryptoKey>>();

function blobKey(sessionKey: Bytes, path: string): Promise<CryptoKey> {
  const name = `${base64(sessionKey)} ${path}`;
  const known = blobKeys.get(name) ?? derived(sessionKey, `sophon/v1/blob/${path}`);
  blobKeys.set(name, known);
  return known;
}

function boxKey(recipient: Bytes, secret: Bytes): Promise<CryptoKey> {
  const shared = nacl.scalarMult(secret, recipient);
  if (shared.every((byte) => byte === 0)) throw new Error("no device has this public key");
  return derived(new Uint8Array(nacl.box.before(recipient, secret)), "sophon/v1/sealed-box");
}

async function derived(input: Bytes, info: string): Promise<CryptoKey> {
  const material = await crypto.subtle.importKey("raw", input, "HKDF", false, ["deriveKey"]);
  const from = {
    name: "HKDF",
    hash: "SHA-256",
    salt: new Uint8Array(),
    info: new TextEncoder().encode(info),
  };
  const to = { name: "AES-GCM", length: 8 * KEY };
  return crypto.subtle.deriveKey(from, material, to, false, ["encrypt", "decrypt"]);
}
