// What the window shows, as one value: the program's view and what only the window knows.

import type { Page, PastRequest, Pending, Pulse, Slot, ToWindow, View } from "./generated";
import { kept } from "./logic/kept";
import { append, type Row } from "./logic/log";
import { outcomeOf, titleOf } from "./logic/request";
import { visible } from "./logic/visible-text";

/** The pages with a tab, in their order. */
export const TABS = ["overview", "requests", "devices", "senders", "logs", "settings"] as const;

/** A page with a tab. */
export type Tab = (typeof TABS)[number];

/** Something to bring before the eyes once: a higher `serial` is a new wish. */
export type Target = {
  serial: number;
  key: string | null;
  about: boolean;
  takesFocus: boolean;
};

/** Something to say once to those who listen: a higher `serial` is something new. */
export type News = { serial: number; text: string };

/** Everything that the window shows. */
export type State = {
  view: View | null;
  pulses: readonly Pulse[];
  rows: readonly Row[];
  tab: Tab;
  /** The installation that was chosen; none: the first one. */
  slot: Slot | null;
  target: Target;
  news: News;
  /** The installation whose pairing succeeded before the person's eyes. */
  justPaired: Slot | null;
  lost: string | null;
};

/** What can happen: a message of the program, or something in the window itself. */
export type Happening =
  | ToWindow
  | { message: "turn"; tab: Tab; keepFocus: boolean }
  | { message: "choose"; slot: Slot }
  | { message: "dismiss_just_paired" }
  | { message: "lost"; why: string };

/** The window before anything came. */
export const AT_FIRST: State = {
  view: null,
  pulses: [],
  rows: [],
  tab: "overview",
  slot: null,
  target: { serial: 0, key: null, about: false, takesFocus: false },
  news: { serial: 0, text: "" },
  justPaired: null,
  lost: null,
};

/** The window after something happened. */
export function after(state: State, happening: Happening): State {
  switch (happening.message) {
    case "view":
      return withView(state, happening.view);
    case "pulse":
      return { ...state, pulses: happening.pulses };
    case "log":
      return { ...state, rows: append(state.rows, happening.lines) };
    case "show":
      return showing(state, happening.page, happening.key, true);
    case "turn":
      return showing(state, happening.tab, null, !happening.keepFocus);
    case "choose":
      return { ...state, slot: happening.slot };
    case "dismiss_just_paired":
      return { ...state, justPaired: null };
    case "lost":
      return { ...state, lost: happening.why };
  }
}

function withView(state: State, next: View): State {
  const before = state.view;
  const view = before === null ? next : { ...next, pending: kept(before.pending, next.pending) };
  const slot = newSlot(before, view) ?? state.slot;
  const justPaired = justPairedIn(state, view);
  return { ...state, view, slot, justPaired, news: newsOf(state, view) };
}

/** The installation that was not there before, so that it is shown at once. */
function newSlot(before: View | null, view: View): Slot | null {
  if (before === null) return null;
  const known = new Set(before.installations.map((seat) => seat.slot));
  return view.installations.find((seat) => !known.has(seat.slot))?.slot ?? null;
}

function justPairedIn(state: State, view: View): Slot | null {
  const wasPairing = new Set(
    (state.view?.installations ?? [])
      .filter((seat) => seat.standing.state === "pairing")
      .map((seat) => seat.slot),
  );
  const paired = view.installations
    .filter((seat) => seat.standing.state === "paired")
    .map((seat) => seat.slot);
  const fresh = paired.find((slot) => wasPairing.has(slot));
  if (fresh !== undefined) return fresh;
  return paired.find((slot) => slot === state.justPaired) ?? null;
}

function newsOf(state: State, view: View): News {
  if (state.view === null) return state.news;
  const known = new Map(state.view.pending.map((pending) => [pending.key, pending.seen]));
  // One that has changed under its key is another question.
  const fresh = view.pending.filter((pending) => known.get(pending.key) !== pending.seen);
  const ended = view.history.filter((past) => known.has(past.key));
  const waits = new Set(view.pending.map((pending) => pending.key));
  const over = ended.filter((past) => !waits.has(past.key));
  const text = [newRequests(fresh), endedRequests(over)].filter((part) => part !== "").join(". ");
  return text === "" ? state.news : { serial: state.news.serial + 1, text };
}

function newRequests(fresh: readonly Pending[]): string {
  const [only] = fresh;
  if (only === undefined) return "";
  return fresh.length === 1
    ? `New request: ${titleOf(only.subject)}`
    : `${fresh.length} new requests`;
}

function endedRequests(over: readonly PastRequest[]): string {
  const [only] = over;
  if (only === undefined) return "";
  return over.length === 1
    ? `${outcomeOf(only).words}: ${visible(only.what)}`
    : `${over.length} requests are over`;
}

function showing(
  state: State,
  page: Page | null,
  key: string | null,
  takesFocus: boolean,
): State {
  const serial = state.target.serial + 1;
  const target = { serial, key, about: page === "about", takesFocus };
  return { ...state, tab: tabOf(page, key) ?? state.tab, target };
}

function tabOf(page: Page | null, key: string | null): Tab | null {
  if (key !== null) return "requests";
  return page === "about" ? "settings" : page;
}
