// Requests as cards, and what keeps a person from answering the wrong one.

import type { JSX, RefObject } from "preact";
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

import type { Pending, View } from "../generated";
import { type Place, Settled } from "../logic/guard";
import { isGrave } from "../logic/request";
import { nameAmong } from "../logic/seats";
import type { Target } from "../state";
import { useMore } from "./more";
import { RequestCard } from "./request-card";
import { useKeptPlace } from "./use-kept-place";

/** Cards in the order of the requests; `target`: what to bring before the eyes, if anything. */
export function RequestList(props: {
  view: View;
  requests: readonly Pending[];
  target: Target | null;
}): JSX.Element {
  const { view, requests, target } = props;
  const list = useRef<HTMLDivElement>(null);
  const wanted = requests.findIndex((pending) => pending.key === target?.key);
  const { count, more } = useMore(requests.length, wanted + 1);
  const cards = requests.slice(0, count);
  useKeptPlace(list);
  const { settled, note } = useSettled(list, cards);
  useTarget(list, target, cards, settled);
  const isSettled = useCallback(
    (key: string) => {
      // What stands above the list may have grown or gone unnoticed.
      note();
      return settled.has(key, performance.now());
    },
    [settled, note],
  );
  return (
    <>
      <div class="request-list" ref={list}>
        {cards.map((pending) => (
          <Card
            key={pending.key}
            pending={pending}
            via={nameAmong(view, pending.slot)}
            isSettled={isSettled}
          />
        ))}
      </div>
      {more}
    </>
  );
}

function Card(props: {
  pending: Pending;
  via: string | null;
  isSettled: (key: string) => boolean;
}): JSX.Element {
  const { pending, via, isSettled } = props;
  // What did not change is the same object: other requests come and go without drawing it again.
  return useMemo(
    () => <RequestCard pending={pending} via={via} isSettled={isSettled} />,
    [pending, via, isSettled],
  );
}

/** Watches where the cards stand, after every change of the list and of any size in it. */
function useSettled(
  list: RefObject<HTMLDivElement | null>,
  cards: readonly Pending[],
): { settled: Settled; note: () => void } {
  const [settled] = useState(() => new Settled());
  const shown = useRef(cards);
  shown.current = cards;
  const note = useCallback(() => {
    const subjects = new Map(shown.current.map((pending) => [pending.key, pending.subject]));
    const places = new Map<string, Place>();
    const start = startOfPage(list.current);
    for (const card of list.current?.querySelectorAll<HTMLElement>("[data-request]") ?? []) {
      const key = card.dataset["request"] ?? "";
      const says = subjects.get(key);
      const top = card.getBoundingClientRect().top - start;
      if (says !== undefined) places.set(key, { top, says });
    }
    settled.note(places, performance.now());
  }, [list, settled]);
  useLayoutEffect(note);
  useEffect(() => {
    if (list.current === null) return;
    const resized = new ResizeObserver(note);
    resized.observe(list.current);
    return () => resized.disconnect();
  }, [list, note]);
  return { settled, note };
}

/** Where the page's content begins, scrolled away or not. */
function startOfPage(list: HTMLElement | null): number {
  const page = list?.closest(".page") ?? null;
  return page === null ? 0 : page.getBoundingClientRect().top - page.scrollTop;
}

/** Brings the wanted card into view, and gives a grave one's Deny the focus. */
function useTarget(
  list: RefObject<HTMLDivElement | null>,
  target: Target | null,
  cards: readonly Pending[],
  settled: Settled,
): void {
  const done = useRef(0);
  useLayoutEffect(() => {
    if (target === null || done.current === target.serial) return;
    const wanted = cards.find(({ key }) => target.key === null || key === target.key);
    if (wanted === undefined) return;
    done.current = target.serial;
    const card = cardOf(list.current, wanted.key);
    if (card === null) return;
    if (target.key !== null) {
      card.scrollIntoView({ block: "start" });
      settled.restart(performance.now());
    }
    if (!target.takesFocus) return;
    if (isGrave(wanted.subject)) denyOf(card)?.focus({ preventScroll: true });
    else if (target.key !== null) card.focus({ preventScroll: true });
  });
}

function cardOf(list: HTMLElement | null, key: string): HTMLElement | null {
  return list?.querySelector<HTMLElement>(`[data-request="${CSS.escape(key)}"]`) ?? null;
}

function denyOf(card: HTMLElement): HTMLElement | null {
  return card.querySelector<HTMLElement>('[data-verdict="deny"]');
}
