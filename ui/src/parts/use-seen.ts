// Whether a person had a whole text on the screen.

import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";

import { join, sawAll, type Stretch, stretchShown } from "../logic/seen";

/**
 * Whether every part of `text` was visible inside `box` at some time while it said `what`; none:
 * that does not matter. Both scroll, and so does the page around them; it is looked again whenever
 * anything scrolls or changes its size.
 */
export function useSeen(
  box: RefObject<HTMLElement | null>,
  text: RefObject<HTMLElement | null>,
  what: object | null,
): boolean {
  const [seenOf, setSeenOf] = useState<object | null>(null);
  const isSeen = seenOf === what;
  useEffect(() => {
    if (isSeen || box.current === null || text.current === null) return;
    const boxElement = box.current;
    const textElement = text.current;
    let seen: Stretch[] = [];

    function look(): void {
      if (document.visibilityState !== "visible") return;
      const stretch = stretchShown(
        textElement.getBoundingClientRect(),
        boxElement.getBoundingClientRect(),
        screenEdges(boxElement),
      );
      if (stretch === null) return;
      seen = join(seen, stretch);
      if (sawAll(seen)) setSeenOf(what);
    }

    const resized = new ResizeObserver(look);
    resized.observe(boxElement);
    const entered = new IntersectionObserver(look);
    entered.observe(boxElement);
    // Scrolling does not bubble, but every ancestor's is captured here.
    document.addEventListener("scroll", look, { capture: true, passive: true });
    document.addEventListener("visibilitychange", look);
    return () => {
      resized.disconnect();
      entered.disconnect();
      document.removeEventListener("scroll", look, { capture: true });
      document.removeEventListener("visibilitychange", look);
    };
  }, [box, text, what, isSeen]);
  return isSeen;
}

function screenEdges(element: HTMLElement): { top: number; bottom: number } {
  const page = element.closest(".page")?.getBoundingClientRect();
  return {
    top: Math.max(0, page?.top ?? 0),
    bottom: Math.min(window.innerHeight, page?.bottom ?? window.innerHeight),
  };
}
