// What was decided, folded up.

import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";

import type { PastRequest, RequestKind, View } from "../generated";
import { outcomeOf } from "../logic/request";
import { nameAmong } from "../logic/seats";
import { clock } from "../logic/time";
import { useNow } from "./clock";
import { StandingShape } from "./shapes";
import { Visible } from "./text";

/** Requests that came to their end, newest first. */
export function History({ view }: { view: View }): JSX.Element | null {
  const [isOpen, setOpen] = useState(false);
  const { history } = view;
  if (history.length === 0) return null;
  return (
    <details
      class="card history"
      open={isOpen}
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>
        History <span class="quiet">({history.length})</span>
      </summary>
      {isOpen && <Ended view={view} />}
    </details>
  );
}

function Ended({ view }: { view: View }): JSX.Element {
  const today = new Date(useNow()).toDateString();
  return useMemo(
    () => (
      <ul class="ended">
        {view.history.map((past) => (
          <li key={`${past.key} ${past.ended_at_ms}`}>
            <One past={past} via={nameAmong(view, past.slot)} now={Date.now()} />
          </li>
        ))}
      </ul>
    ),
    // The times of day read otherwise on another day.
    [view.history, view.installations, today],
  );
}

function One(props: { past: PastRequest; via: string | null; now: number }): JSX.Element {
  const { past, via, now } = props;
  const { standing, words } = outcomeOf(past);
  return (
    <>
      <StandingShape standing={standing} />
      <div>
        <p class={past.kind === "approval" ? "ended-what mono" : "ended-what"}>
          <Visible text={past.what} />
        </p>
        <p class="quiet">
          {words} · {KINDS[past.kind]} · {clock(past.ended_at_ms, now)}
          {via !== null && ` · through “${via}”`}
        </p>
      </div>
    </>
  );
}

const KINDS: Record<RequestKind, string> = {
  approval: "agent",
  device: "device",
  node: "device's commands",
  sender: "sender",
};
