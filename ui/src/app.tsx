// The whole window: the tabs, the page in front, and what is said aloud.

import type { JSX, RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";

import type { View } from "./generated";
import { headline } from "./logic/health";
import { nameAmong } from "./logic/seats";
import { DevicesPage } from "./pages/devices";
import { LogsPage } from "./pages/logs";
import { OverviewPage } from "./pages/overview";
import { RequestsPage } from "./pages/requests";
import { SendersPage } from "./pages/senders";
import { SettingsPage } from "./pages/settings";
import { Tabs } from "./parts/tabs";
import { type Happening, type State, TABS } from "./state";

/** The window for a state; `happen` takes what a person does in the window itself. */
export function App(props: { state: State; happen: (happening: Happening) => void }): JSX.Element {
  const { state, happen } = props;
  const page = useRef<HTMLDivElement>(null);
  useNumberKeys(happen);
  useKeptFocus(page);
  return (
    <main>
      <Tabs
        current={state.tab}
        waiting={state.view?.pending.length ?? 0}
        onTurn={(tab, keepFocus) => happen({ message: "turn", tab, keepFocus })}
      />
      {state.lost !== null && <Lost />}
      <div
        key={state.tab}
        id="page"
        class={`page ${state.tab}`}
        role="tabpanel"
        aria-labelledby={`tab-${state.tab}`}
        tabIndex={0}
        ref={page}
      >
        <CurrentPage state={state} happen={happen} />
      </div>
      <Aloud state={state} />
    </main>
  );
}

function CurrentPage(props: { state: State; happen: (happening: Happening) => void }): JSX.Element {
  const { state, happen } = props;
  switch (state.tab) {
    case "overview":
      return <OverviewPage state={state} happen={happen} />;
    case "requests":
      return <RequestsPage view={state.view} target={state.target} happen={happen} />;
    case "devices":
      return <DevicesPage view={state.view} />;
    case "senders":
      return <SendersPage view={state.view} />;
    case "logs":
      return <LogsPage rows={state.rows} folder={state.view?.log_folder ?? ""} />;
    case "settings":
      return <SettingsPage view={state.view} target={state.target} />;
  }
}

function Lost(): JSX.Element {
  return (
    <p class="lost" role="alert">
      Sophon Desktop no longer answers this window, so what it shows may be old. Close the window
      and open it again.
    </p>
  );
}

function Aloud({ state }: { state: State }): JSX.Element {
  return (
    <>
      <p class="aloud" role="status">
        {state.view === null ? "" : standings(state.view)}
      </p>
      <div class="aloud" role="alert">
        <p key={state.news.serial}>{state.news.text}</p>
      </div>
    </>
  );
}

function standings(view: View): string {
  return view.installations
    .map((seat) => {
      // The headline's title has no counting numbers: it changes only when the state does.
      const { title } = headline(seat.standing, Date.now());
      const name = nameAmong(view, seat.slot);
      return name === null ? title : `${name}: ${title}`;
    })
    .join(". ");
}

/** Where what had the focus went away, the page takes it: never a button that came in its place. */
function useKeptFocus(page: RefObject<HTMLDivElement | null>): void {
  const wasInPage = useRef(false);
  useEffect(() => {
    function remember(): void {
      wasInPage.current = page.current?.contains(document.activeElement) ?? false;
    }
    document.addEventListener("focusin", remember);
    return () => document.removeEventListener("focusin", remember);
  }, [page]);
  useLayoutEffect(() => {
    if (!wasInPage.current || document.activeElement !== document.body) return;
    page.current?.focus({ preventScroll: true });
  });
}

function useNumberKeys(happen: (happening: Happening) => void): void {
  useEffect(() => {
    function onKey(event: KeyboardEvent): void {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
      const tab = TABS[Number(event.key) - 1];
      if (tab === undefined) return;
      event.preventDefault();
      happen({ message: "turn", tab, keepFocus: false });
    }
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [happen]);
}
