// One of the two connections as a row.

import type { JSX } from "preact";

import type { Beat, Link, Problem } from "../generated";
import { linkFacts, linkOutlook, linkState } from "../logic/health";
import { StandingShape } from "./shapes";
import { useWish } from "./wish";

/** A connection: its state, and either the facts about it or why it is not there. */
export function LinkRow(props: {
  name: string;
  link: Link;
  beat: Beat | null;
  now: number;
}): JSX.Element {
  const { name, link } = props;
  const { standing, word } = linkState(link);
  const version = link.state === "up" && link.version !== null ? ` ${link.version}` : "";
  return (
    <div class="link" role="group" aria-label={name}>
      <StandingShape standing={standing} />
      <div class="link-text">
        <p class="link-head">
          <span class="link-name">
            {name}
            <span class="quiet">{version}</span>
          </span>
          <span class={`link-word ${standing}`}>{word}</span>
        </p>
        <LinkDetail {...props} />
      </div>
    </div>
  );
}

function LinkDetail(props: {
  name: string;
  link: Link;
  beat: Beat | null;
  now: number;
}): JSX.Element {
  const { name, link, beat, now } = props;
  switch (link.state) {
    case "connecting":
      return <p class="quiet facts">Being connected…</p>;
    case "up":
      return (
        <p class="quiet facts">
          {linkFacts(link.since_ms, beat, now).map((fact) => (
            <span key={fact.split(" ")[0]}>{fact}</span>
          ))}
        </p>
      );
    case "down":
      return <Down name={name} problem={link.problem} retryAt={link.retry_at_ms} now={now} />;
  }
}

function Down(props: {
  name: string;
  problem: Problem;
  retryAt: number | null;
  now: number;
}): JSX.Element {
  const wish = useWish();
  const outlook = linkOutlook(props.retryAt, props.now);
  return (
    <div class="down">
      <p>{props.problem.what}</p>
      {props.problem.remedy !== null && <p class="remedy">{props.problem.remedy}</p>}
      <div class="actions split">
        <p class="quiet">{outlook ?? "Once that is done, try again here."}</p>
        <button
          type="button"
          aria-label={`Try now to connect to ${props.name}`}
          onClick={() => wish({ request: "retry_now" })}
        >
          Try now
        </button>
      </div>
    </div>
  );
}
