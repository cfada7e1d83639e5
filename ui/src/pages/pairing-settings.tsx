// The pairing, among the settings.

import type { JSX } from "preact";

import type { Identity, Installation } from "../generated";
import { ConfirmedButton } from "../parts/confirm";
import { Visible } from "../parts/text";
import { useWish } from "../parts/wish";

/** What can be done with the pairing in each state. */
export function PairingSettings({ installation }: { installation: Installation }): JSX.Element {
  return (
    <section class="card" aria-labelledby="pairing-settings">
      <h2 id="pairing-settings">Pairing</h2>
      <Pairing installation={installation} />
    </section>
  );
}

function Pairing({ installation }: { installation: Installation }): JSX.Element {
  const wish = useWish();
  switch (installation.state) {
    case "starting":
    case "locked":
      return <p class="quiet">Nothing can be changed yet; see Overview.</p>;
    case "unpaired":
      return (
        <>
          <p class="quiet">This computer is not paired.</p>
          <div class="actions">
            <button type="button" onClick={() => wish({ request: "pair" })}>
              Pair this computer
            </button>
          </div>
        </>
      );
    case "pairing":
      return (
        <>
          <p class="quiet">This computer is being paired; the code is on Overview.</p>
          <div class="actions">
            <button type="button" onClick={() => wish({ request: "cancel_pairing" })}>
              Cancel
            </button>
          </div>
        </>
      );
    case "paired":
    case "paused":
      return <Existing identity={installation.identity} isRevoked={false} />;
    case "revoked":
      return <Existing identity={installation.identity} isRevoked />;
  }
}

function Existing(props: { identity: Identity; isRevoked: boolean }): JSX.Element {
  const wish = useWish();
  return (
    <>
      <p class="quiet">
        {props.isRevoked ? "Removed on the phone: " : "Paired as "}“
        <Visible text={props.identity.name} />”
      </p>
      <div class="actions">
        <button type="button" onClick={() => wish({ request: "pair" })}>
          Pair again
        </button>
        <ConfirmedButton
          label="Unpair…"
          question="Unpair this computer?"
          consequence="Your phone will no longer reach the agents on this computer, and the keys that are stored here are deleted. To use Sophon here again, you pair anew."
          yes="Unpair"
          no="Keep the pairing"
          onYes={() => wish({ request: "unpair" })}
        />
      </div>
    </>
  );
}
