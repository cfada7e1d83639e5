// The keys of this phone. They stay in the page: the cloud sees what they seal, never them.
import type { Grant, ToldRow } from "./cloud.js";
import * as sealed from "./sealed.js";
import type { Bytes } from "./sealed.js";

/** Whether the browser has what encryption needs; over plain HTTP only on this computer. */
export const canEncrypt = globalThis.crypto?.subtle !== undefined;

const PLACE = "sophon.phone";

interface Stored {
  secret: string;
  sessions: Record<string, Chat>;
}

interface Chat {
  /** The newest last. */
  keys: string[];
  /** Devices to which this phone handed the key, where it made it; else null. */
  handed: string[] | null;
}

/** Posts to the cloud; says whether it took it. */
type Post = (path: string, body: object) => Promise<boolean>;

export class Keyring {
  readonly #stored: Stored;
  /** Grants that were looked at. */
  readonly #seen = new Set<string>();

  constructor(readonly storage: Pick<Storage, "getItem" | "setItem">) {
    this.#stored = read(storage.getItem(PLACE));
    this.#store();
  }

  get publicKey(): string {
    return sealed.publicKey(sealed.unbase64(this.#stored.secret));
  }

  /** Says whether a session is known to be encrypted, be it that nothing was said in it yet. */
  has(session: string): boolean {
    return this.#stored.sessions[session] !== undefined;
  }

  /** Makes the key of a new session. */
  make(session: string): void {
    const key = sealed.base64(sealed.newKey());
    this.#stored.sessions[session] = { keys: [key], handed: [] };
    this.#store();
  }

  /** Seals a message; null where this phone has no key. */
  async seal(session: string, text: string): Promise<string | null> {
    const key = this.#stored.sessions[session]?.keys.at(-1);
    return key === undefined ? null : sealed.seal(sealed.unbase64(key), `messages/${session}`, text);
  }

  /** Opens what came; null where no key of this phone fits. */
  async open(session: string, kind: string, envelope: string): Promise<string | null> {
    const keys = this.#stored.sessions[session]?.keys ?? [];
    for (const key of [...keys].reverse()) {
      try {
        const text = await sealed.open(sealed.unbase64(key), `${kind}/${session}`, envelope);
        if (text !== null) return text;
      } catch {
        return null;
      }
    }
    return null;
  }

  /** Takes keys that were granted to this phone; says whether any was new. */
  async take(grants: Grant[]): Promise<boolean> {
    let news = false;
    for (const { session_id, wrapped_session_key } of grants) {
      if (this.#seen.has(wrapped_session_key)) continue;
      this.#seen.add(wrapped_session_key);
      const key = await this.#openGrant(wrapped_session_key);
      const chat = (this.#stored.sessions[session_id] ??= { keys: [], handed: null });
      if (key === null || chat.keys.includes(sealed.base64(key))) continue;
      // What this phone made itself is newer than what others give it.
      if (chat.handed === null) chat.keys.push(sealed.base64(key));
      else chat.keys.unshift(sealed.base64(key));
      news = true;
    }
    if (news) this.#store();
    return news;
  }

  /** Hands the keys that this phone made to the computers that lack them. */
  async handOut(
    rows: Pick<ToldRow, "id" | "installation" | "ended">[],
    post: Post,
  ): Promise<void> {
    for (const row of rows) {
      const chat = this.#stored.sessions[row.id];
      const key = chat?.keys.at(-1);
      const device = row.installation?.device;
      if (!chat?.handed || !key || !device || row.ended) continue;
      if (chat.handed.includes(device.device_id)) continue;
      chat.handed.push(device.device_id);
      const wrapped_session_key = await sealed.grant(device.pubkey, sealed.unbase64(key));
      const path = `/v1/me/sessions/${encodeURIComponent(row.id)}/grants`;
      const taken = await post(path, { device_id: device.device_id, wrapped_session_key });
      if (taken) this.#store();
      else chat.handed = chat.handed.filter((id) => id !== device.device_id);
    }
  }

  async #openGrant(grant: string): Promise<Bytes | null> {
    try {
      return await sealed.openGrant(sealed.unbase64(this.#stored.secret), grant);
    } catch {
      return null;
    }
  }

  #store(): void {
    this.storage.setItem(PLACE, JSON.stringify(this.#stored));
  }
}

function read(text: string | null): Stored {
  try {
    const stored = JSON.parse(text ?? "");
    if (typeof stored.secret === "string" && typeof stored.sessions === "object") return stored;
  } catch {
    // Nothing is stored, or nothing that can be read.
  }
  return { secret: sealed.base64(sealed.newKey()), sessions: {} };
}
