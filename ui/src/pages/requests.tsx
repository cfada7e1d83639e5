// What waits for a decision.

import type { JSX, RefObject } from "preact";
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import type { Approval } from "../generated";
import { Settled } from "../logic/guard";
import { ApprovalCard, isGrave } from "../parts/approval-card";
import type { Target } from "../state";

// A person reads one card at a time; hundreds at once would only make the page slow.
const PAGE_OF_CARDS = 30;

/** All approvals, oldest first; `null` before the first view came. */
export function RequestsPage(props: {
  approvals: readonly Approval[] | null;
  target: Target;
}): JSX.Element {
  const approvals = props.approvals ?? [];
  const [limit, setLimit] = useState(PAGE_OF_CARDS);
  const list = useRef<HTMLDivElement>(null);

  const wanted = approvals.findIndex((approval) => approval.id === props.target.approval);
  const count = Math.max(limit, wanted + 1);
  const cards = approvals.slice(0, count);
  const settled = useSettled(list);
  useTarget(list, props.target, cards, settled);

  const isSettled = useCallback((id: string) => settled.has(id, performance.now()), [settled]);
  if (props.approvals !== null && approvals.length === 0) return <Nothing />;
  return (
    <>
      <h1>{approvals.length === 1 ? "1 request waits" : `${approvals.length} requests wait`}</h1>
      <div class="approvals" ref={list}>
        {cards.map((approval) => (
          <ApprovalCard key={approval.id} approval={approval} isSettled={isSettled} />
        ))}
      </div>
      {count < approvals.length && (
        <div class="actions">
          <button type="button" onClick={() => setLimit(count + PAGE_OF_CARDS)}>
            Show {Math.min(PAGE_OF_CARDS, approvals.length - count)} more of{" "}
            {approvals.length - count}
          </button>
        </div>
      )}
    </>
  );
}

function Nothing(): JSX.Element {
  return (
    <div class="empty">
      <svg class="drawing" viewBox="0 0 96 72" aria-hidden="true">
        <rect class="sheet" x="14" y="8" width="68" height="56" rx="9" />
        <path class="stroke" d="M28 24h28M28 34h18" />
        <path class="strong" d="m52 48 6 6 12-14" />
      </svg>
      <h1>Nothing waits for you</h1>
      <p class="quiet">
        When an agent on this computer asks before it acts, its question appears here and on your
        phone.
      </p>
    </div>
  );
}

/** Watches where the cards stand, after every change of the list and of any size in it. */
function useSettled(list: RefObject<HTMLDivElement | null>): Settled {
  const [settled] = useState(() => new Settled());
  const note = useCallback(() => {
    const cards = list.current?.querySelectorAll<HTMLElement>("[data-approval]") ?? [];
    const places = new Map<string, number>();
    for (const card of cards) places.set(card.dataset["approval"] ?? "", card.offsetTop);
    settled.note(places, performance.now());
  }, [list, settled]);
  useLayoutEffect(note);
  useEffect(() => {
    if (list.current === null) return;
    const resized = new ResizeObserver(note);
    resized.observe(list.current);
    return () => resized.disconnect();
  }, [list, note]);
  return settled;
}

/** Brings the wanted card into view, and gives a grave one's Deny the focus. */
function useTarget(
  list: RefObject<HTMLDivElement | null>,
  target: Target,
  cards: readonly Approval[],
  settled: Settled,
): void {
  const done = useRef(0);
  useLayoutEffect(() => {
    const approval = cards.find(({ id }) => target.approval === null || id === target.approval);
    if (done.current === target.serial || approval === undefined) return;
    done.current = target.serial;
    const card = cardOf(list.current, approval.id);
    if (card === null) return;
    if (target.approval !== null) {
      card.scrollIntoView({ block: "start" });
      settled.restart(performance.now());
    }
    if (!target.takesFocus) return;
    if (isGrave(approval)) denyOf(card)?.focus({ preventScroll: true });
    else if (target.approval !== null) card.focus({ preventScroll: true });
  });
}

function cardOf(list: HTMLElement | null, id: string): HTMLElement | null {
  return list?.querySelector<HTMLElement>(`[data-approval="${CSS.escape(id)}"]`) ?? null;
}

function denyOf(card: HTMLElement): HTMLElement | null {
  return card.querySelector<HTMLElement>('[data-decision="deny"]');
}
