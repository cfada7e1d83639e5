// A request of any kind as a card.

import type { ComponentChildren, JSX, RefObject } from "preact";
import { useId, useRef, useState } from "preact/hooks";

import type { Pending, Severity, Verdict } from "../generated";
import { isGrave, KIND_WORDS, severityOf, titleOf, verdictWord } from "../logic/request";
import { clock, left, secondsLeft } from "../logic/time";
import { ApprovalBody } from "./approval-body";
import { useNow } from "./clock";
import { DeviceBody, NodeBody } from "./device-body";
import { CheckField } from "./fields";
import { SenderBody } from "./sender-body";
import { SeverityShape } from "./shapes";
import { Visible } from "./text";
import { useDecide } from "./use-decide";
import { useSeen } from "./use-seen";

type CardProps = {
  pending: Pending;
  /** Name of the installation that it came through, where there are several. */
  via: string | null;
  /** Whether the card has been at its place long enough to be answered. */
  isSettled: (key: string) => boolean;
};

/** A card: what is asked in full, and the answers. */
export function RequestCard({ pending, via, isSettled }: CardProps): JSX.Element {
  const { subject } = pending;
  const box = useRef<HTMLDivElement>(null);
  const text = useRef<HTMLDivElement>(null);
  const hasSeen = useSeen(box, text, isGrave(subject) ? subject : null);
  const severity = severityOf(subject);
  return (
    <article
      class={`card request ${severity}`}
      data-request={pending.key}
      aria-label={titleOf(subject)}
      tabIndex={-1}
    >
      <header>
        <p class="severity">
          <SeverityShape severity={severity} />
          <span>
            {KIND_WORDS[subject.kind]}
            {subject.kind !== "sender" && <span class="risk">{SEVERITY_WORDS[severity]}</span>}
          </span>
        </p>
        <Times pending={pending} />
      </header>
      <Body pending={pending} box={box} text={text}>
        {via !== null && <p class="quiet via">Through “{via}”</p>}
      </Body>
      <Answers pending={pending} hasSeen={hasSeen} isSettled={isSettled} />
    </article>
  );
}

/** What is asked: of an approval the question must be seen, of anything else all of it. */
function Body(props: {
  pending: Pending;
  box: RefObject<HTMLDivElement | null>;
  text: RefObject<HTMLDivElement | null>;
  children: ComponentChildren;
}): JSX.Element {
  const { subject } = props.pending;
  if (subject.kind === "approval") {
    return (
      <div class="request-body">
        <ApprovalBody approval={subject} box={props.box} text={props.text} />
        {props.children}
      </div>
    );
  }
  return (
    <div class="request-body" ref={props.box}>
      <div class="request-body" ref={props.text}>
        {subject.kind === "device" && <DeviceBody request={subject} />}
        {subject.kind === "node" && <NodeBody request={subject} />}
        {subject.kind === "sender" && <SenderBody request={subject} />}
        {props.children}
      </div>
    </div>
  );
}

function Times({ pending }: { pending: Pending }): JSX.Element | null {
  const now = useNow();
  const { asked_at_ms: asked, expires_at_ms: end } = pending;
  if (asked === null && end === null) return null;
  return (
    <p class="quiet times">
      {asked !== null && <span>Asked {clock(asked, now)}</span>}
      {end !== null && (
        <span>{secondsLeft(end, now) === 0 ? "expired" : `expires in ${left(end, now)}`}</span>
      )}
    </p>
  );
}

function Answers(props: {
  pending: Pending;
  hasSeen: boolean;
  isSettled: (key: string) => boolean;
}): JSX.Element {
  const { pending, hasSeen, isSettled } = props;
  const { subject } = pending;
  const { deciding, decide } = useDecide(pending, isSettled);
  const [tells, setTells] = useState(true);
  const canTell = subject.kind === "sender" && subject.can_notify;
  const hint = useId();
  const grant = useId();
  const leaves = subject.kind === "approval" ? subject.grant : null;
  const offers = VERDICTS.filter((verdict) => pending.offers.includes(verdict));
  const offersAlways = offers.includes("allow_always");

  return (
    <>
      {offersAlways && leaves !== null && (
        <p id={grant} class="quiet grant">
          <strong>Allow always:</strong> <Visible text={leaves} />
        </p>
      )}
      {canTell && (
        <CheckField
          label="Tell them"
          hint="They get a message that they may talk to the agent now."
          on={tells}
          onTurn={setTells}
        />
      )}
      {isGrave(subject) && (
        <p id={hint} class="quiet seen-hint" role="status">
          {hasSeen
            ? "You have seen all of it."
            : "Scroll through all of it; then it can be allowed."}
        </p>
      )}
      <div class="actions decisions">
        {offers.map((verdict) => {
          const isOff = deciding !== null || (verdict !== "deny" && !hasSeen);
          const isMain = (verdict === "allow_once" || verdict === "allow") && !isGrave(subject);
          const word = verdictWord(verdict, subject.kind);
          return (
            <button
              key={verdict}
              type="button"
              class={isMain ? "primary" : ""}
              data-verdict={verdict}
              aria-disabled={isOff}
              aria-describedby={describedBy(verdict, hasSeen, hint, leaves === null ? null : grant)}
              aria-label={`${word}: ${titleOf(subject)}`}
              onKeyDown={ignoreHeldKeys}
              onClick={() => !isOff && decide(verdict, canTell && tells)}
            >
              {deciding === verdict ? "Deciding…" : word}
            </button>
          );
        })}
      </div>
    </>
  );
}

function describedBy(
  verdict: Verdict,
  hasSeen: boolean,
  hint: string,
  grant: string | null,
): string | undefined {
  if (verdict !== "deny" && !hasSeen) return hint;
  return verdict === "allow_always" && grant !== null ? grant : undefined;
}

function ignoreHeldKeys(event: KeyboardEvent): void {
  if (event.repeat && (event.key === "Enter" || event.key === " ")) event.preventDefault();
}

const SEVERITY_WORDS: Record<Severity, string> = {
  low: "low risk",
  medium: "medium risk",
  high: "high risk",
  critical: "critical risk",
};

const VERDICTS: readonly Verdict[] = ["allow_once", "allow_always", "allow", "deny"];
