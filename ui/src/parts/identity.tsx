// What an installation is called and what it may do.

import type { JSX } from "preact";

import type { Identity } from "../generated";
import { clock, span } from "../logic/time";
import { useNow } from "./clock";
import { Visible } from "./text";

/** What an installation may do, as a list. */
export function Rights({ identity }: { identity: Identity }): JSX.Element | null {
  if (identity.may.length === 0) return null;
  return (
    <div class="rights">
      <p class="label">It may</p>
      <ul>
        {identity.may.map((right) => (
          <li key={right}>{right}</li>
        ))}
      </ul>
    </div>
  );
}

/** The name of an installation, the cloud it is paired with, and how old its token is. */
export function IdentityCard(props: { identity: Identity; pairedAt: number | null }): JSX.Element {
  const { identity, pairedAt } = props;
  return (
    <section class="card" aria-labelledby="installation-name">
      <p class="label">This computer</p>
      <h2 id="installation-name" class="name">
        <Visible text={identity.name} />
      </h2>
      <p class="quiet">
        Paired with <Visible text={host(identity.cloud)} />
        {pairedAt !== null && <Age pairedAt={pairedAt} />}
      </p>
      <Rights identity={identity} />
    </section>
  );
}

function Age({ pairedAt }: { pairedAt: number }): JSX.Element {
  const now = useNow();
  return (
    <>
      {" "}
      since {clock(pairedAt, now)}: its token is {span(now - pairedAt)} old
    </>
  );
}

function host(address: string): string {
  return address.replace(/^[a-z]+:\/\//, "").replace(/\/+$/, "");
}
