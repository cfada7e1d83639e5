// Recorded states of the window, by name.

import type { LogLine, Pulse, Slot, View } from "../generated";
import type { Tab } from "../state";
import { accesses } from "./accesses";
import { connectedView, overviews } from "./overviews";
import { requests } from "./requests";

/** A state: the view, the page in front, and what the program says besides. */
export type Fixture = {
  view: View | null;
  tab: Tab;
  before?: View;
  pulse?: Pulse;
  lines?: LogLine[];
  /** Key of the request to bring before the eyes. */
  show?: string;
  /** The installation that is chosen. */
  slot?: Slot;
  /** Typed into the field with this label. */
  typed?: { label: string; text: string };
  /** What is unfolded or pressed, one after the other, by what it says. */
  pressed?: string[];
};

/** The states at a moment. */
export function fixtures(now: number): Record<string, Fixture> {
  const connected = connectedView(now);
  return {
    ...overviews(now),
    ...requests(now),
    ...accesses(now),
    "logs-none": { view: connected, tab: "logs" },
    logs: { view: connected, tab: "logs", lines: lines(now, 60) },
    "logs-full": { view: connected, tab: "logs", lines: lines(now, 2_500) },
    settings: { view: connected, tab: "settings" },
    "settings-refused": {
      view: {
        ...connected,
        refused: { slot: null, field: "access", why: "The settings could not be written to the disk." },
      },
      tab: "settings",
    },
  };
}

function lines(now: number, count: number): LogLine[] {
  const kinds: [string, string, string][] = [
    ["info", "bridge::installation", "connected to the gateway version=2026.9.6"],
    ["debug", "sap::socket", "heartbeat answered after_ms=38"],
    ["info", "bridge::engine", "turn ended session=7f3a chunks=41"],
    ["warn", "openclaw::link", "the gateway is slow to answer; it is asked again waited_ms=5000"],
    ["error", "sap::rest", "sending failed and will be tried again status=503 next_in_ms=4000"],
  ];
  return Array.from({ length: count }, (_, index) => {
    const [level, from, text] = kinds[(index * 7 + (index >> 3)) % kinds.length]!;
    return { at_ms: now - (count - index) * 900, level, from, text: `${text} n=${index}` };
  });
}
