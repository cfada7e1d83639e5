// Unknown people who want to talk to the agent.

import type { JSX } from "preact";

import type { Access, AccountOfSenders, View } from "../generated";
import { waitingOf } from "../logic/request";
import { CopyButton } from "../parts/copy-button";
import { ProblemNote } from "../parts/problem";
import { RequestList } from "../parts/request-list";
import { ForeignText, Visible } from "../parts/text";
import { Gateways } from "./gateways";

/** For each gateway: who asks, and which accounts let people ask. */
export function SendersPage({ view }: { view: View | null }): JSX.Element {
  if (view === null) return <></>;
  return (
    <Gateways
      view={view}
      title="Senders"
      of={(access) => <SendersOf view={view} access={access} />}
    />
  );
}

function SendersOf({ view, access }: { view: View; access: Access }): JSX.Element {
  const waiting = waitingOf(view.pending, ["sender"], access.slot);
  return (
    <>
      {waiting.length > 0 && (
        <>
          <h3>{waiting.length === 1 ? "1 person asks" : `${waiting.length} people ask`}</h3>
          <RequestList view={view} requests={waiting} target={null} />
        </>
      )}
      <Standing access={access} hasWaiting={waiting.length > 0} />
    </>
  );
}

function Standing(props: { access: Access; hasWaiting: boolean }): JSX.Element | null {
  const { senders, standing } = props.access;
  switch (senders.state) {
    case "unknown":
      return standing.state === "up" ? (
        <p class="quiet" role="status">
          Asking for people who wrote…
        </p>
      ) : null;
    case "not_offered":
      return <NotOffered command={senders.command} />;
    case "failed":
      return <ProblemNote problem={senders.problem} />;
    case "listed":
      return (
        <>
          {!props.hasWaiting && senders.accounts.length > 0 && (
            <p class="quiet">Nobody unknown waits for an answer.</p>
          )}
          <Accounts accounts={senders.accounts} most={senders.most_pending} />
          {senders.unreadable > 0 && (
            <p class="missing">
              {senders.unreadable === 1
                ? "1 more entry could not be understood, and is not shown."
                : `${senders.unreadable} more entries could not be understood, and are not shown.`}
            </p>
          )}
        </>
      );
  }
}

function NotOffered({ command }: { command: string }): JSX.Element {
  return (
    <section class="card not-offered" aria-label="Not offered by this gateway">
      <p>
        This version of OpenClaw cannot be asked from here. On its computer, type this in a
        terminal:
      </p>
      <p class="question question-text" tabIndex={0} role="group" aria-label="Command">
        <Visible text={command} style="command" />
      </p>
      <div class="actions">
        <CopyButton label="Copy" text={() => command} />
      </div>
    </section>
  );
}

function Accounts(props: {
  accounts: readonly AccountOfSenders[];
  most: number | null;
}): JSX.Element {
  const { accounts, most } = props;
  if (accounts.length === 0) {
    return (
      <p class="quiet">No account of a messenger lets unknown people ask, so there is nobody here.</p>
    );
  }
  return (
    <section class="card" aria-label="Accounts">
      <p class="label">Unknown people can ask on</p>
      <ul class="accounts">
        {accounts.map((one) => (
          <li key={`${one.channel} ${one.account}`}>
            {one.channel_name === null ? (
              <Visible text={one.channel} />
            ) : (
              <ForeignText text={one.channel_name} />
            )}
            {" · "}
            {one.account_name !== null && (
              <>
                <ForeignText text={one.account_name} />{" "}
              </>
            )}
            <bdi class="mono foreign">
              <Visible text={one.account} />
            </bdi>
          </li>
        ))}
      </ul>
      {most !== null && (
        <p class="quiet">
          Each keeps {most === 1 ? "1 request" : `${most} requests`}. Further people are ignored without
          a word until one is answered.
        </p>
      )}
    </section>
  );
}
