// What the cloud tells the phone, and how the phone asks for something.

/** Everything that is shown. In an encrypted chat, fields that end in `_ct` are envelopes. */
export interface Told {
  installations: Computer[];
  sessions: ToldRow[];
  chat: ToldChat | null;
  grants?: Grant[];
}

export interface Computer {
  id: string;
  name: string;
  state: "connected" | "away" | "revoked";
  /** What the computer's bridge is known by, once it registered. */
  device: { device_id: string; pubkey: string } | null;
}

export interface ToldRow {
  id: string;
  title?: string;
  preview?: string;
  /** In an encrypted chat: the person's first message, and what came last. */
  first?: ToldItem | null;
  last?: ToldItem | null;
  installation: Computer | null;
  encrypted: boolean;
  busy: boolean;
  asks: boolean;
  ended: boolean;
}

export interface ToldChat extends ToldRow {
  items: ToldItem[];
  busy_with: string | null;
}

/** Any item, with the fields of an encrypted one beside those of a plain one. */
export interface ToldItem {
  kind: "person" | "agent" | "tool" | "approval";
  id: string;
  [field: string]: unknown;
}

/** A key of a session for this phone. */
export interface Grant {
  session_id: string;
  wrapped_session_key: string;
}

const antiForgery = document.querySelector<HTMLMetaElement>("meta[name=anti-forgery]")?.content;

/** Posts, and gives the result or, where there is none, the sentence that says why. */
export async function post<Result>(
  path: string,
  body: object = {},
): Promise<{ result: Result } | { complaint: string }> {
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Anti-Forgery": antiForgery ?? "" },
      body: JSON.stringify(body),
    });
    const answer = await response.json();
    return answer.ok ? { result: answer.result } : { complaint: sentence(answer.error.message) };
  } catch {
    // Neither an answer nor JSON.
    return { complaint: "The cloud is not reachable. Is it still running?" };
  }
}

function sentence(fragment: string): string {
  return `${fragment.charAt(0).toUpperCase()}${fragment.slice(1)}.`;
}

let events: EventSource | undefined;

/** Listens to what the phone shows, with one chat open or none. */
export function listen(
  session: string | null,
  device: string | null,
  told: (told: Told) => void,
  lost: () => void,
): void {
  events?.close();
  const query = new URLSearchParams();
  if (session !== null) query.set("session", session);
  if (device !== null) query.set("device", device);
  events = new EventSource(`/sim/events?${query}`);
  events.addEventListener("phone", (event) => told(JSON.parse(event.data)));
  events.addEventListener("error", lost);
}
