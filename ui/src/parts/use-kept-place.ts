// What a person looks at stays where it is when something above it comes or goes.

import type { RefObject } from "preact";
import { useLayoutEffect } from "preact/hooks";

/**
 * Scrolls the page so that the first card in sight that is still there does not move. Not every web
 * view does that by itself.
 */
export function useKeptPlace(list: RefObject<HTMLElement | null>): void {
  // While a component renders, the page is still as it was.
  const before = cardsInSight(list.current);
  useLayoutEffect(() => {
    const page = pageOf(list.current);
    const card = before.find(({ element }) => element.isConnected);
    if (page === null || card === undefined) return;
    const moved = card.element.getBoundingClientRect().top - card.top;
    if (Math.abs(moved) >= 1) page.scrollTop += moved;
  });
}

function cardsInSight(list: HTMLElement | null): { element: Element; top: number }[] {
  const page = pageOf(list);
  // At its top the page shows what is first, whatever that is.
  if (list === null || page === null || page.scrollTop === 0) return [];
  const sight = page.getBoundingClientRect();
  return [...list.querySelectorAll("[data-request]")].flatMap((element) => {
    const { top, bottom } = element.getBoundingClientRect();
    return bottom > sight.top && top < sight.bottom ? [{ element, top }] : [];
  });
}

function pageOf(list: HTMLElement | null): HTMLElement | null {
  return list?.closest<HTMLElement>(".page") ?? null;
}
