// The way to go on with the pairing of the npm bridge.

import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";

import type { NpmPairing, Slot } from "../generated";
import { CheckField } from "../parts/fields";
import { Visible } from "../parts/text";
import { useWish } from "../parts/wish";

/** What was found, the button that takes it over, and whether its files are deleted then. */
export function TakeOver({ slot, pairing }: { slot: Slot; pairing: NpmPairing }): JSX.Element {
  const wish = useWish();
  const [deletes, setDeletes] = useState(false);
  const id = useId();
  return (
    <section class="card take-over" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>The npm bridge (@sophonai/bridge) was paired here</h2>
      <p>
        Go on with its pairing, <Visible text={pairing.id} /> at <Visible text={pairing.cloud} />,
        and with its keys for encrypted chats. Stop that bridge first.
      </p>
      <CheckField
        label="Delete its files afterwards"
        hint={
          <>
            They hold the same secrets unencrypted, in <Visible text={pairing.folder} />. Backups
            may still have them.
          </>
        }
        on={deletes}
        onTurn={setDeletes}
      />
      <button
        type="button"
        onClick={() => wish({ request: "take_over", slot, delete_files: deletes })}
      >
        Use the pairing of the npm bridge
      </button>
    </section>
  );
}
