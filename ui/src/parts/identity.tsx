// What an installation is called and what it may do.

import type { JSX } from "preact";

import type { Identity } from "../generated";
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

/** The name of an installation and the cloud it is paired with. */
export function IdentityCard({ identity }: { identity: Identity }): JSX.Element {
  return (
    <section class="card" aria-labelledby="installation-name">
      <p class="label">This computer</p>
      <h2 id="installation-name" class="name">
        <Visible text={identity.name} />
      </h2>
      <p class="quiet">Paired with {host(identity.cloud)}</p>
      <Rights identity={identity} />
    </section>
  );
}

function host(address: string): string {
  return address.replace(/^[a-z]+:\/\//, "").replace(/\/+$/, "");
}
