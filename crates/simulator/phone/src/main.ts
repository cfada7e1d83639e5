// The phone: a view of what `/sim/events` tells, and a few posts.

import { listen, post } from "./cloud.js";
import type { Told } from "./cloud.js";
import { element, lock } from "./elements.js";
import { view } from "./items.js";
import type { Line } from "./items.js";
import { Keyring, canEncrypt } from "./keyring.js";
import { reveal } from "./reveal.js";
import type { Approval, Item, Phone } from "./reveal.js";

/** Elements of the page that are more than an element. */
interface Known {
  text: HTMLTextAreaElement;
  send: HTMLButtonElement;
  code: HTMLInputElement;
  encrypted: HTMLInputElement;
  composer: HTMLFormElement;
  sheet: HTMLDialogElement;
}

function $<Id extends keyof Known>(id: Id): Known[Id];
function $(id: string): HTMLElement;
function $(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no ${id}`);
  return found;
}

let phone: Phone = { installations: [], sessions: [], chat: null };
let open: string | null = null;
const keyring = new Keyring(localStorage);
/** This phone among the devices of encrypted chats, once it takes part in any. */
let device: string | null = null;
/** Requests whose sheet the person put aside, to be decided later. */
const aside = new Set<string>();
/** Rows of the chat by id, with the state that they show. */
let rows = new Map<string, { node: HTMLElement; state: string }>();

async function act<Result>(path: string, body: object = {}): Promise<Result | null> {
  const outcome = await post<Result>(path, body);
  if ("result" in outcome) return outcome.result;
  say(outcome.complaint);
  return null;
}

let noticeTimer: ReturnType<typeof setTimeout> | undefined;
function say(message: string): void {
  $("notice").textContent = message;
  $("notice").hidden = message === "";
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => ($("notice").hidden = true), 6000);
}

/** What the cloud told while the page was still opening what it told before. */
let waiting: Told | null = null;
let opening = false;

async function take(told: Told): Promise<void> {
  waiting = told;
  if (opening) return;
  opening = true;
  try {
    while (waiting !== null) {
      const next: Told = waiting;
      waiting = null;
      await keyring.take(next.grants ?? []);
      phone = await reveal(next, openOnce);
      show();
      await takePart(next);
    }
  } finally {
    opening = false;
  }
}

/** Texts by envelope: one that is open stays open. */
const texts = new Map<string, string>();

async function openOnce(session: string, kind: string, envelope: string): Promise<string | null> {
  const known = texts.get(envelope);
  if (known !== undefined) return known;
  const text = await keyring.open(session, kind, envelope);
  if (text !== null) texts.set(envelope, text);
  return text;
}

const took = async (path: string, body: object) => (await act(path, body)) !== null;

/** Makes this phone known once there is an encrypted chat, and hands out the keys it made. */
async function takePart(told: Told): Promise<void> {
  if (!canEncrypt || !told.sessions.some((it) => it.encrypted || keyring.has(it.id))) return;
  if (device === null) {
    const body = { pubkey: keyring.publicKey, label: "Phone page" };
    const joined = await act<{ device_id: string }>("/v1/me/devices", body);
    if (joined === null) return;
    device = joined.device_id;
    listenAgain();
  }
  await keyring.handOut(told.sessions, took);
}

function listenAgain(): void {
  const lost = () => say("The cloud is not reachable. Trying again…");
  listen(open, device, take, lost);
}

function follow(): void {
  const id = location.hash.startsWith("#/") ? decodeURIComponent(location.hash.slice(2)) : null;
  open = id;
  rows = new Map();
  $("items").replaceChildren();
  document.body.classList.toggle("in-chat", open !== null);
  listenAgain();
}

/** Says whether a chat is encrypted, be it that nothing was said in it yet. */
function isEncrypted(chat: { id: string; encrypted: boolean }): boolean {
  return chat.encrypted || keyring.has(chat.id);
}

function show(): void {
  showSessions();
  showComputers();
  showChat();
  showSheet();
}

function showSessions(): void {
  const links: HTMLElement[] = phone.sessions.map((session) => {
    const mark = session.asks
      ? element("i", { className: "asks", textContent: "Asks you" })
      : element("i", { textContent: session.busy ? "Working" : "" });
    const link = element(
      "a",
      { href: `#/${encodeURIComponent(session.id)}` },
      element("b", {}, isEncrypted(session) ? lock() : null, session.title),
      mark,
      element("span", { textContent: session.ended ? "Ended" : session.preview }),
    );
    if (session.id === open) link.setAttribute("aria-current", "true");
    return link;
  });
  if (links.length === 0) {
    const hint = phone.installations.some((it) => it.state !== "revoked")
      ? "No chats yet."
      : "Connect a computer with the code that it shows.";
    links.push(element("p", { className: "empty", textContent: hint }));
  }
  refill($("sessions"), links);
}

const PRESENCE = { connected: "connected", away: "away", revoked: "disconnected" };

function showComputers(): void {
  const computers = phone.installations.map((it) => {
    const disconnect = element("button", { className: "quiet", textContent: "Disconnect" });
    disconnect.hidden = it.state === "revoked";
    disconnect.dataset["revoke"] = it.id;
    return element(
      "div",
      { className: "computer" },
      element("i", { className: `dot ${it.state}` }),
      element("span", {}, it.name, element("small", { textContent: PRESENCE[it.state] })),
      disconnect,
    );
  });
  refill($("computers"), computers);
}

/** Replaces children only where something changed, so that focus and clicks survive. */
function refill(parent: HTMLElement, children: (Element | null)[]): void {
  const fresh = element("div", {}, ...children);
  if (fresh.innerHTML !== parent.innerHTML) parent.replaceChildren(...fresh.childNodes);
}

function showChat(): void {
  const chat = phone.chat;
  const owner = chat?.installation;
  const mark = chat && isEncrypted(chat) ? lock() : null;
  refill($("title"), [mark, element("span", { textContent: chat?.title ?? "Sophon" })]);
  $("owner").textContent = owner ? `${PRESENCE[owner.state]} · ${owner.name}` : "";
  $("end").hidden = !chat || chat.ended;
  $("stop").hidden = !chat?.busy || chat.ended;
  $("text").disabled = $("send").disabled = chat?.ended ?? false;
  const list = $("items");
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  const wanted: Line[] = (chat?.items ?? []).flatMap(withFate);
  if (wanted.length === 0) {
    wanted.push({ kind: "empty", id: "", text: "Write to the agent on your computer." });
  }
  const kept: typeof rows = new Map();
  let at: Element | null = list.firstElementChild;
  for (const item of wanted) {
    const key = `${item.kind} ${item.id}`;
    const state = JSON.stringify(item);
    let row = rows.get(key);
    if (row?.state !== state) {
      const node = view(item);
      row?.node.replaceWith(node);
      if (at !== null && at === row?.node) at = node;
      row = { node, state };
    }
    if (row.node === at) at = row.node.nextElementSibling;
    else list.insertBefore(row.node, at);
    kept.set(key, row);
  }
  rows.forEach((row, key) => kept.has(key) || row.node.remove());
  rows = kept;
  if (atEnd) list.scrollTop = list.scrollHeight;
}

/** Below the person's last message stands what became of it. */
function withFate(item: Item, index: number, items: Item[]): Line[] {
  if (item.kind !== "person" || index !== items.length - 1) return [item];
  const text = item.delivered ? "Delivered" : "Waiting for the computer";
  return [item, { kind: "fate", id: item.id, text }];
}

function showSheet(): void {
  const sheet = $("sheet");
  const pending = (phone.chat?.items ?? []).filter(
    (item): item is Approval =>
      item.kind === "approval" && item.decided === null && !aside.has(item.id),
  );
  const item = pending[0];
  if (item === undefined || phone.chat?.ended) {
    sheet.dataset["approval"] = "";
    if (sheet.open) sheet.close();
    return;
  }
  if (sheet.dataset["approval"] === item.id && sheet.open) return;
  sheet.dataset["approval"] = item.id;
  const button = (label: string, decision: string, className = "") =>
    element("button", { textContent: label, value: decision, className });
  // The heading takes the focus, so that no stray key decides.
  const heading = element("h2", { id: "sheet-title", textContent: item.title, tabIndex: -1 });
  heading.autofocus = true;
  sheet.replaceChildren(
    element(
      "form",
      { method: "dialog" },
      element(
        "div",
        { className: "facts" },
        element("i", { className: `state ${item.severity}`, textContent: `${item.severity} risk` }),
        element("span", { className: "muted", textContent: item.host ? `on ${item.host}` : "" }),
      ),
      heading,
      item.command === null ? null : element("pre", { textContent: item.command }),
      element("p", { className: "muted", textContent: item.message }),
      button("Allow once", "approve", "primary"),
      button("Allow always", "approve_always"),
      button("Deny", "deny", "danger"),
    ),
  );
  if (!sheet.open) sheet.showModal();
}

$("sheet").addEventListener("submit", (event) => {
  const id = $("sheet").dataset["approval"] ?? "";
  aside.add(id);
  const decision = (event.submitter as HTMLButtonElement).value;
  act(`/v1/me/approvals/${encodeURIComponent(id)}`, { decision }).then((done) => {
    if (done === null) aside.delete(id);
    showSheet();
  });
});

$("sheet").addEventListener("cancel", () => aside.add($("sheet").dataset["approval"] ?? ""));

document.addEventListener("click", (event) => {
  const { review, revoke } = event.target instanceof HTMLElement ? event.target.dataset : {};
  if (review) {
    aside.delete(review);
    showSheet();
  }
  if (revoke) act(`/v1/me/installations/${encodeURIComponent(revoke)}/revoke`);
});

/** Opens a chat, an encrypted one where the switch says so; gives its id. */
async function begin(): Promise<string | null> {
  const begun = await act<{ session_id: string }>("/v1/me/sessions");
  if (begun === null) return null;
  const id = begun.session_id;
  if ($("encrypted").checked) {
    keyring.make(id);
    // The newest computer gets the chat, and its key before the first word.
    const installation = phone.installations.find((it) => it.state !== "revoked") ?? null;
    await keyring.handOut([{ id, installation, ended: false }], took);
  }
  return id;
}

/** What is posted for a text: an envelope in an encrypted chat, null where no key is there. */
async function letter(session: string, text: string): Promise<object | null> {
  const chat = phone.sessions.find((it) => it.id === session) ?? { id: session, encrypted: false };
  if (!isEncrypted(chat)) return { text };
  const text_ct = await keyring.seal(session, text);
  if (text_ct === null) say("This phone has no key of this chat. Its computer hands it over.");
  return text_ct === null ? null : { text_ct };
}

$("new").addEventListener("click", async () => {
  const session = await begin();
  if (session !== null) location.hash = `#/${encodeURIComponent(session)}`;
});

$("pair").addEventListener("submit", async (event) => {
  event.preventDefault();
  const claimed = await act("/v1/me/pairing/claim", { code: $("code").value });
  if (claimed) {
    $("code").value = "";
    say("Connected. The computer takes over now.");
  }
});

$("composer").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = $("text").value;
  if (text.trim() === "") return;
  const session = open ?? (await begin());
  const body = session !== null && (await letter(session, text));
  if (!session || !body) return;
  if (!(await act(`/v1/me/sessions/${encodeURIComponent(session)}/send`, body))) return;
  $("text").value = "";
  if (open === null) location.hash = `#/${encodeURIComponent(session)}`;
});

$("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    $("composer").requestSubmit();
  }
});

$("stop").addEventListener("click", () => {
  if (phone.chat === null) return;
  const { id, busy_with } = phone.chat;
  const body = busy_with === null ? {} : { interaction_id: busy_with };
  act(`/v1/me/sessions/${encodeURIComponent(id)}/cancel`, body);
});

$("end").addEventListener("click", () => {
  if (phone.chat === null) return;
  act(`/v1/me/sessions/${encodeURIComponent(phone.chat.id)}/end`);
});

$("secrecy").hidden = !canEncrypt;
addEventListener("hashchange", follow);
follow();
