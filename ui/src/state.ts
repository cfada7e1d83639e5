// What the window shows, as one value: the program's view and what only the window knows.

import type { Approval, Page, Pulse, ToWindow, View } from "./generated";
import { append, type Row } from "./logic/log";
import { visible } from "./logic/visible-text";

/** The pages with a tab, in their order. */
export const TABS = ["overview", "requests", "logs", "settings"] as const;

/** A page with a tab. */
export type Tab = (typeof TABS)[number];

/** Something to bring before the eyes once: a higher `serial` is a new wish. */
export type Target = {
  serial: number;
  approval: string | null;
  about: boolean;
  takesFocus: boolean;
};

/** Something to say once to those who listen: a higher `serial` is something new. */
export type News = { serial: number; text: string };

/** Everything that the window shows. */
export type State = {
  view: View | null;
  pulse: Pulse;
  rows: readonly Row[];
  tab: Tab;
  target: Target;
  news: News;
  justPaired: boolean;
  lost: string | null;
};

/** What can happen: a message of the program, or something in the window itself. */
export type Happening =
  | ToWindow
  | { message: "turn"; tab: Tab; keepFocus: boolean }
  | { message: "dismiss_just_paired" }
  | { message: "lost"; why: string };

/** The window before anything came. */
export const AT_FIRST: State = {
  view: null,
  pulse: { cloud: null, gateway: null },
  rows: [],
  tab: "overview",
  target: { serial: 0, approval: null, about: false, takesFocus: false },
  news: { serial: 0, text: "" },
  justPaired: false,
  lost: null,
};

/** The window after something happened. */
export function after(state: State, happening: Happening): State {
  switch (happening.message) {
    case "view":
      return withView(state, happening.view);
    case "pulse":
      return { ...state, pulse: happening.pulse };
    case "log":
      return { ...state, rows: append(state.rows, happening.lines) };
    case "show":
      return showing(state, happening.page, happening.approval, true);
    case "turn":
      return showing(state, happening.tab, null, !happening.keepFocus);
    case "dismiss_just_paired":
      return { ...state, justPaired: false };
    case "lost":
      return { ...state, lost: happening.why };
  }
}

function withView(state: State, view: View): State {
  const before = state.view?.installation.state;
  const now = view.installation.state;
  const paired = now === "paired";
  const justPaired = paired && (state.justPaired || before === "pairing");
  return { ...state, view, justPaired, news: newsOf(state, view) };
}

function newsOf(state: State, view: View): News {
  if (state.view === null) return state.news;
  const known = new Set(state.view.approvals.map((approval) => approval.id));
  const fresh = view.approvals.filter((approval) => !known.has(approval.id));
  if (fresh.length === 0) return state.news;
  return { serial: state.news.serial + 1, text: newRequests(fresh) };
}

function newRequests(fresh: readonly Approval[]): string {
  const [only] = fresh;
  return fresh.length === 1 && only !== undefined
    ? `New request: ${visible(only.title)}`
    : `${fresh.length} new requests`;
}

function showing(
  state: State,
  page: Page | null,
  approval: string | null,
  takesFocus: boolean,
): State {
  const serial = state.target.serial + 1;
  const target = { serial, approval, about: page === "about", takesFocus };
  return { ...state, tab: tabOf(page, approval) ?? state.tab, target };
}

function tabOf(page: Page | null, approval: string | null): Tab | null {
  if (approval !== null) return "requests";
  return page === "about" ? "settings" : page;
}
