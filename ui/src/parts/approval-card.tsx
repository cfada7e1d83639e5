// An agent's question as a card.

import type { JSX } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";

import type { Approval, Decision, Severity } from "../generated";
import { clock, left, secondsLeft } from "../logic/time";
import { visible } from "../logic/visible-text";
import { useNow } from "./clock";
import { SeverityShape, WarningShape } from "./shapes";
import { Visible } from "./text";
import { useSeen } from "./use-seen";
import { useWish } from "./wish";

/** Whether so much is at stake that the whole question must have been seen. */
export function isGrave(approval: Approval): boolean {
  return approval.severity === "high" || approval.severity === "critical";
}

type CardProps = { approval: Approval; isSettled: (id: string) => boolean };

/** A card; `isSettled` says whether it has been at its place long enough to be answered. */
export function ApprovalCard({ approval, isSettled }: CardProps): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const text = useRef<HTMLDivElement>(null);
  const hasSeen = useSeen(box, text, isGrave(approval) && questionOf(approval) !== null);
  return (
    <article
      class={`card approval ${approval.severity}`}
      data-approval={approval.id}
      aria-label={visible(approval.title)}
      tabIndex={-1}
    >
      <header>
        <p class="severity">
          <SeverityShape severity={approval.severity} />
          {SEVERITY_WORDS[approval.severity]}
        </p>
        <Times approval={approval} />
      </header>
      <h2>
        <Visible text={approval.title} />
      </h2>
      {approval.message !== null && approval.command !== null && (
        <p class="message">
          <Visible text={approval.message} />
        </p>
      )}
      {questionOf(approval) !== null && (
        <div
          class={approval.command === null ? "question prose" : "question"}
          ref={box}
          role="group"
          aria-label={approval.command === null ? "Question" : "Command"}
          tabIndex={0}
        >
          <div class="question-text" ref={text}>
            <Visible text={questionOf(approval) ?? ""} />
          </div>
        </div>
      )}
      <Circumstances approval={approval} />
      {approval.warnings.map((warning) => (
        <p key={warning} class="warning">
          <WarningShape />
          <span>
            <Visible text={warning} />
          </span>
        </p>
      ))}
      <Buttons approval={approval} hasSeen={hasSeen} isSettled={isSettled} />
    </article>
  );
}

function Times({ approval }: { approval: Approval }): JSX.Element {
  const now = useNow();
  const end = approval.expires_at_ms;
  return (
    <p class="quiet times">
      <span>Asked {clock(approval.asked_at_ms, now)}</span>
      <span>{secondsLeft(end, now) === 0 ? "expired" : `expires in ${left(end, now)}`}</span>
    </p>
  );
}

function Circumstances({ approval }: { approval: Approval }): JSX.Element {
  const rows: [string, string | null][] = [
    ["Folder", approval.folder],
    ["Runs on", approval.host === null ? null : (HOST_WORDS[approval.host] ?? approval.host)],
    ["Agent", approval.agent],
  ];
  return (
    <dl class="circumstances">
      {rows.map(([label, value]) =>
        value === null ? null : (
          <div key={label}>
            <dt>{label}</dt>
            <dd class={label === "Folder" ? "mono" : ""}>
              <Visible text={value} />
            </dd>
          </div>
        ),
      )}
    </dl>
  );
}

function Buttons(props: CardProps & { hasSeen: boolean }): JSX.Element {
  const { approval, hasSeen, isSettled } = props;
  const { sent, decide } = useDecide(approval, isSettled);
  const deciding = approval.deciding ?? sent;
  const hint = useId();
  return (
    <>
      {isGrave(approval) && questionOf(approval) !== null && (
        <p id={hint} class="quiet seen-hint" role="status">
          {hasSeen
            ? "You have seen all of it."
            : "Scroll through all of it; then it can be allowed."}
        </p>
      )}
      <div class="actions decisions">
        {DECISIONS.filter(({ decision }) => approval.offers.includes(decision)).map(
          ({ decision, label }) => {
            const isOff = deciding !== null || (decision !== "deny" && !hasSeen);
            const isMain = decision === "allow_once" && !isGrave(approval);
            return (
              <button
                key={decision}
                type="button"
                class={isMain ? "primary" : ""}
                data-decision={decision}
                aria-disabled={isOff}
                aria-describedby={decision !== "deny" && !hasSeen ? hint : undefined}
                aria-label={`${label}: ${visible(approval.title)}`}
                onKeyDown={ignoreHeldKeys}
                onClick={() => !isOff && decide(decision)}
              >
                {deciding === decision ? "Deciding…" : label}
              </button>
            );
          },
        )}
      </div>
    </>
  );
}

function useDecide(
  approval: Approval,
  isSettled: (id: string) => boolean,
): { sent: Decision | null; decide: (decision: Decision) => void } {
  const wish = useWish();
  // Bridges the moment until the view says that it is being decided.
  const [sent, setSent] = useState<Decision | null>(null);
  useEffect(() => {
    if (sent === null) return;
    const timer = setTimeout(() => setSent(null), 1_500);
    return () => clearTimeout(timer);
  }, [sent]);

  function decide(decision: Decision): void {
    if (!isSettled(approval.id)) return;
    setSent(decision);
    wish({ request: "decide", approval: approval.id, decision });
  }

  return { sent, decide };
}

function ignoreHeldKeys(event: KeyboardEvent): void {
  if (event.repeat && (event.key === "Enter" || event.key === " ")) event.preventDefault();
}

function questionOf(approval: Approval): string | null {
  return approval.command ?? approval.message;
}

const SEVERITY_WORDS: Record<Severity, string> = {
  low: "Low risk",
  medium: "Medium risk",
  high: "High risk",
  critical: "Critical risk",
};

const HOST_WORDS: Record<string, string> = {
  gateway: "the gateway's computer",
  node: "a connected node",
  sandbox: "a sandbox",
};

const DECISIONS: readonly { decision: Decision; label: string }[] = [
  { decision: "allow_once", label: "Allow once" },
  { decision: "allow_always", label: "Allow always" },
  { decision: "deny", label: "Deny" },
];
