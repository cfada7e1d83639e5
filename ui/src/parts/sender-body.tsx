// An unknown person who wants to talk to the agent.

import type { JSX } from "preact";

import type { SenderRequest } from "../generated";
import { ago } from "../logic/time";
import { useNow } from "./clock";
import { Facts, Unlisted } from "./facts";
import { ForeignText, Visible } from "./text";

/** Who wrote, where, and what approval gives and does not give. */
export function SenderBody({ request }: { request: SenderRequest }): JSX.Element {
  const now = useNow();
  const seen = request.last_seen_at_ms;
  return (
    <>
      <h2>
        <ForeignText text={request.sender} />
      </h2>
      <Facts
        facts={[
          ["Messenger", <Channel key="channel" request={request} />],
          ["Account", <Account key="account" request={request} />],
          ["Last wrote", seen === null ? null : ago(seen, now)],
        ]}
      />
      {request.details.length > 0 && (
        <div>
          <p class="label">What the messenger tells of them</p>
          <dl class="facts-list">
            {request.details.map(([name, value], index) => (
              <div key={index}>
                <dt>
                  <ForeignText text={name} />
                </dt>
                <dd>
                  <ForeignText text={value} />
                </dd>
              </div>
            ))}
          </dl>
        </div>
      )}
      <Unlisted count={request.unlisted} what={request.unlisted === 1 ? "detail" : "details"} />
      <p class="quiet">
        Allow lets them talk to the agent in private, on this account. It does not let them into
        groups, and gives them no commands of the owner.
      </p>
    </>
  );
}

function Channel({ request }: { request: SenderRequest }): JSX.Element {
  if (request.channel_name === null) return <Visible text={request.channel} />;
  return <ForeignText text={request.channel_name} />;
}

function Account({ request }: { request: SenderRequest }): JSX.Element {
  return (
    <>
      {request.account_name !== null && (
        <>
          <ForeignText text={request.account_name} /> ·{" "}
        </>
      )}
      <bdi class="mono foreign">
        <Visible text={request.account} />
      </bdi>
    </>
  );
}
