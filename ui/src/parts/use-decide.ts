// How an answer gets from a card to the program.

import { useEffect, useState } from "preact/hooks";

import type { Pending, Verdict } from "../generated";
import { useWish } from "./wish";

/** The answer that was given and is not confirmed, and the way to give one. */
export function useDecide(
  pending: Pending,
  isSettled: (key: string) => boolean,
): { deciding: Verdict | null; decide: (verdict: Verdict, notify: boolean) => void } {
  const wish = useWish();
  // Bridges the moment until the view says that it is being decided.
  const [sent, setSent] = useState<Verdict | null>(null);
  useEffect(() => {
    if (sent === null) return;
    const timer = setTimeout(() => setSent(null), 1_500);
    return () => clearTimeout(timer);
  }, [sent]);

  function decide(verdict: Verdict, notify: boolean): void {
    if (!isSettled(pending.key)) return;
    setSent(verdict);
    // What was drawn when the button was pressed, whatever the program knows by now.
    wish({ request: "decide", key: pending.key, verdict, notify, seen: pending.seen });
  }

  return { deciding: pending.deciding ?? sent, decide };
}
