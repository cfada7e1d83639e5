// The phone: a view of what `/sim/events` tells, and a few posts.

const $ = (id) => document.getElementById(id);
const antiForgery = document.querySelector("meta[name=anti-forgery]").content;

let phone = { installations: [], sessions: [], chat: null };
let events;
let open = null;
/** Requests whose sheet the person put aside, to be decided later. */
const aside = new Set();
/** Tool cards that the person unfolded. */
const unfolded = new Set();
/** Rows of the chat by id, with the state that they show. */
let rows = new Map();

/** Builds an element; texts are always text, never markup. */
function element(name, properties = {}, ...children) {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children.filter((child) => child !== null));
  return node;
}

async function act(path, body = {}) {
  let message = "The cloud is not reachable. Is it still running?";
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Anti-Forgery": antiForgery },
      body: JSON.stringify(body),
    });
    const answer = await response.json();
    if (answer.ok) return answer.result;
    message = sentence(answer.error.message);
  } catch {
    // Neither an answer nor JSON: the message above says so.
  }
  say(message);
  return null;
}

function sentence(fragment) {
  return `${fragment.charAt(0).toUpperCase()}${fragment.slice(1)}.`;
}

let noticeTimer;
function say(message) {
  $("notice").textContent = message;
  $("notice").hidden = message === "";
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => ($("notice").hidden = true), 6000);
}

function listen() {
  events?.close();
  const query = open === null ? "" : `?session=${encodeURIComponent(open)}`;
  events = new EventSource(`/sim/events${query}`);
  events.addEventListener("phone", (event) => {
    phone = JSON.parse(event.data);
    show();
  });
  events.addEventListener("error", () => say("The cloud is not reachable. Trying again…"));
}

function follow() {
  const id = location.hash.startsWith("#/") ? decodeURIComponent(location.hash.slice(2)) : null;
  open = id;
  rows = new Map();
  $("items").replaceChildren();
  document.body.classList.toggle("in-chat", open !== null);
  listen();
}

function show() {
  showSessions();
  showComputers();
  showChat();
  showSheet();
}

function showSessions() {
  const links = phone.sessions.map((session) => {
    const mark = session.asks
      ? element("i", { className: "asks", textContent: "Asks you" })
      : element("i", { textContent: session.busy ? "Working" : "" });
    const link = element(
      "a",
      { href: `#/${encodeURIComponent(session.id)}` },
      element("b", { textContent: session.title }),
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

function showComputers() {
  const computers = phone.installations.map((it) => {
    const disconnect = element("button", { className: "quiet", textContent: "Disconnect" });
    disconnect.hidden = it.state === "revoked";
    disconnect.dataset.revoke = it.id;
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
function refill(parent, children) {
  const fresh = element("div", {}, ...children);
  if (fresh.innerHTML !== parent.innerHTML) parent.replaceChildren(...fresh.childNodes);
}

function showChat() {
  const chat = phone.chat;
  const owner = chat?.installation;
  $("title").textContent = chat?.title ?? "Sophon";
  $("owner").textContent = owner ? `${PRESENCE[owner.state]} · ${owner.name}` : "";
  $("end").hidden = !chat || chat.ended;
  $("stop").hidden = !chat?.busy || chat.ended;
  $("text").disabled = $("send").disabled = chat?.ended ?? false;
  const list = $("items");
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  const wanted = (chat?.items ?? []).flatMap(withFate);
  if (wanted.length === 0) {
    wanted.push({ kind: "empty", id: "", text: "Write to the agent on your computer." });
  }
  const kept = new Map();
  let at = list.firstElementChild;
  for (const item of wanted) {
    const key = `${item.kind} ${item.id}`;
    const state = JSON.stringify(item);
    let row = rows.get(key);
    if (row?.state !== state) {
      const node = VIEWS[item.kind](item);
      row?.node.replaceWith(node);
      if (at !== null && at === row?.node) at = node;
      row = { node, state };
    }
    if (row.node === at) at = at.nextElementSibling;
    else list.insertBefore(row.node, at);
    kept.set(key, row);
  }
  rows.forEach((row, key) => kept.has(key) || row.node.remove());
  rows = kept;
  if (atEnd) list.scrollTop = list.scrollHeight;
}

/** Below the person's last message stands what became of it. */
function withFate(item, index, items) {
  if (item.kind !== "person" || index !== items.length - 1) return [item];
  const text = item.delivered ? "Delivered" : "Waiting for the computer";
  return [item, { kind: "fate", id: item.id, text }];
}

const VIEWS = {
  empty: (item) => element("li", { className: "empty", textContent: item.text }),
  fate: (item) => element("li", { className: "fate", textContent: item.text }),
  person: (item) => {
    const files = item.files.map((name) => `📎 ${name}`);
    const text = [...files, item.text].filter((line) => line !== "").join("\n");
    return element("li", { className: "person", textContent: text });
  },
  agent: (item) => {
    const className = item.open ? "agent open" : "agent";
    return element("li", { className, textContent: item.text });
  },
  tool: (item) => {
    const card = element(
      "details",
      { open: unfolded.has(item.id) },
      element(
        "summary",
        {},
        element("b", { textContent: item.tool }),
        element("span", { textContent: item.label ?? "" }),
        element("i", { className: `state ${item.status}`, textContent: item.status }),
      ),
      part("Input", item.args),
      part("Output", item.output),
      part("Error", item.error, "error"),
    );
    card.addEventListener("toggle", () => {
      if (card.open) unfolded.add(item.id);
      else unfolded.delete(item.id);
    });
    return element("li", { className: "tool" }, card);
  },
  approval: (item) => {
    const decision = DECIDED[item.decided] ?? ["waiting", "Waiting for you"];
    const review = element("button", { textContent: "Review", hidden: item.decided !== null });
    review.dataset.review = item.id;
    return element(
      "li",
      { className: "approval" },
      element("b", { textContent: item.title }),
      element("i", { className: `state ${decision[0]}`, textContent: decision[1] }),
      review,
    );
  },
};

const DECIDED = {
  approve: ["allowed", "Allowed once"],
  approve_always: ["allowed", "Always allowed"],
  deny: ["denied", "Denied"],
};

function part(label, text, className = "") {
  if (text === null || text === "") return null;
  return element("div", {}, label, element("pre", { className, textContent: text }));
}

function showSheet() {
  const sheet = $("sheet");
  const pending = (phone.chat?.items ?? []).filter(
    (item) => item.kind === "approval" && item.decided === null && !aside.has(item.id),
  );
  const item = pending[0];
  if (item === undefined || phone.chat.ended) {
    sheet.dataset.approval = "";
    if (sheet.open) sheet.close();
    return;
  }
  if (sheet.dataset.approval === item.id && sheet.open) return;
  sheet.dataset.approval = item.id;
  const button = (label, decision, className = "") =>
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
  const id = $("sheet").dataset.approval;
  aside.add(id);
  const decision = event.submitter.value;
  act(`/v1/me/approvals/${encodeURIComponent(id)}`, { decision }).then((done) => {
    if (done === null) aside.delete(id);
    showSheet();
  });
});

$("sheet").addEventListener("cancel", () => aside.add($("sheet").dataset.approval));

document.addEventListener("click", (event) => {
  const { review, revoke } = event.target.dataset ?? {};
  if (review) {
    aside.delete(review);
    showSheet();
  }
  if (revoke) act(`/v1/me/installations/${encodeURIComponent(revoke)}/revoke`);
});

$("new").addEventListener("click", async () => {
  const session = await act("/v1/me/sessions");
  if (session) location.hash = `#/${encodeURIComponent(session.session_id)}`;
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
  const session = open ?? (await act("/v1/me/sessions"))?.session_id;
  if (!session || !(await act(`/v1/me/sessions/${encodeURIComponent(session)}/send`, { text }))) {
    return;
  }
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
  const { id, busy_with } = phone.chat;
  const body = busy_with === null ? {} : { interaction_id: busy_with };
  act(`/v1/me/sessions/${encodeURIComponent(id)}/cancel`, body);
});

$("end").addEventListener("click", () => {
  act(`/v1/me/sessions/${encodeURIComponent(phone.chat.id)}/end`);
});

addEventListener("hashchange", follow);
follow();
