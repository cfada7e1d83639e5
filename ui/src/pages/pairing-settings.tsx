// The pairing, among the settings of an installation.

import type { JSX } from "preact";

import type { Identity, Seat, Slot } from "../generated";
import { visible } from "../logic/visible-text";
import { ConfirmedButton } from "../parts/confirm";
import { Visible } from "../parts/text";
import { useWish } from "../parts/wish";

/** What can be done with the pairing in each state; an installation that is not the only one goes. */
export function PairingSettings({ seat, isOnly }: { seat: Seat; isOnly: boolean }): JSX.Element {
  return (
    <section class="pairing-settings" aria-label="Pairing">
      <Pairing seat={seat} isOnly={isOnly} />
    </section>
  );
}

function Pairing({ seat, isOnly }: { seat: Seat; isOnly: boolean }): JSX.Element {
  const wish = useWish();
  const { slot, standing } = seat;
  switch (standing.state) {
    case "starting":
    case "locked":
      return <p class="quiet">The pairing cannot be changed yet; see above.</p>;
    case "unpaired":
      return (
        <>
          <p class="quiet">It is not paired.</p>
          {!isOnly && (
            <div class="actions">
              <button type="button" onClick={() => wish({ request: "unpair", slot })}>
                Remove from this list
              </button>
            </div>
          )}
        </>
      );
    case "pairing":
      return <p class="quiet">It is being paired; the code is above.</p>;
    case "paired":
    case "paused":
      return <Existing slot={slot} identity={standing.identity} isRevoked={false} isOnly={isOnly} />;
    case "revoked":
      return <Existing slot={slot} identity={standing.identity} isRevoked isOnly={isOnly} />;
  }
}

function Existing(props: {
  slot: Slot;
  identity: Identity;
  isRevoked: boolean;
  isOnly: boolean;
}): JSX.Element {
  const { slot, identity, isRevoked, isOnly } = props;
  const wish = useWish();
  return (
    <>
      <p class="quiet">
        {isRevoked ? "Removed on the phone: " : "Paired as "}“
        <Visible text={identity.name} />” (<Visible text={identity.id} />)
      </p>
      <div class="actions">
        <button type="button" onClick={() => wish({ request: "pair", slot })}>
          Pair again
        </button>
        <ConfirmedButton
          label="Unpair…"
          question={`Unpair “${visible(identity.name)}”?`}
          consequence={
            <>
              Your phone will no longer reach the agents through it, and its token and keys are
              deleted from this computer's keychain.
              {!isOnly && " It goes from this list; the others stay."}
              {!isRevoked &&
                " Your phone goes on listing it: revoke it there too, in the Sophon app's list of computers. Only then is its token void everywhere."}
            </>
          }
          yes="Unpair"
          no="Keep the pairing"
          onYes={() => wish({ request: "unpair", slot })}
        />
      </div>
    </>
  );
}
