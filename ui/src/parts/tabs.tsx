// The tabs above the page.

import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

import { type Tab, TABS } from "../state";

const LABELS: Record<Tab, string> = {
  overview: "Overview",
  requests: "Requests",
  devices: "Devices",
  senders: "Senders",
  logs: "Logs",
  settings: "Settings",
};

/**
 * The tabs: arrow keys, Home and End turn pages and keep the focus here; a click turns the page and
 * lets the page take the focus.
 */
export function Tabs(props: {
  current: Tab;
  waiting: number;
  onTurn: (tab: Tab, keepFocus: boolean) => void;
}): JSX.Element {
  const list = useRef<HTMLDivElement>(null);

  function onKeyDown(event: KeyboardEvent): void {
    const tab = tabAfter(event.key, props.current);
    if (tab === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    props.onTurn(tab, true);
  }

  // However the page was turned, a focus among the tabs stays with the one in front.
  useLayoutEffect(() => {
    if (list.current?.contains(document.activeElement) !== true) return;
    list.current.querySelector<HTMLElement>('[aria-selected="true"]')?.focus();
  }, [props.current]);

  return (
    <div class="tabs" role="tablist" aria-label="Pages" ref={list} onKeyDown={onKeyDown}>
      {TABS.map((tab) => (
        <button
          key={tab}
          id={`tab-${tab}`}
          type="button"
          role="tab"
          aria-selected={tab === props.current}
          aria-controls="page"
          tabIndex={tab === props.current ? 0 : -1}
          onClick={() => props.onTurn(tab, false)}
        >
          {LABELS[tab]}
          {tab === "requests" && props.waiting > 0 && <Waiting count={props.waiting} />}
        </button>
      ))}
    </div>
  );
}

function Waiting({ count }: { count: number }): JSX.Element {
  return (
    <>
      {" "}
      <span class="badge">
        {count > 99 ? "99+" : count}
        <span class="aloud"> waiting</span>
      </span>
    </>
  );
}

function tabAfter(key: string, current: Tab): Tab | undefined {
  const at = TABS.indexOf(current);
  switch (key) {
    case "ArrowRight":
      return TABS[(at + 1) % TABS.length];
    case "ArrowLeft":
      return TABS[(at + TABS.length - 1) % TABS.length];
    case "Home":
      return TABS[0];
    case "End":
      return TABS[TABS.length - 1];
    default:
      return undefined;
  }
}
