// The way to go on with the pairing of the npm bridge.

import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";

import type { NpmPairing } from "../generated";
import { Visible } from "../parts/text";
import { useWish } from "../parts/wish";

/** What was found, the button that takes it over, and whether its files are deleted then. */
export function TakeOver({ pairing }: { pairing: NpmPairing }): JSX.Element {
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
      <div class="choice">
        <input
          id={`${id}-delete`}
          type="checkbox"
          checked={deletes}
          aria-describedby={`${id}-hint`}
          onChange={(event) => setDeletes(event.currentTarget.checked)}
        />
        <div>
          <label for={`${id}-delete`}>Delete its files afterwards</label>
          <p id={`${id}-hint`} class="quiet">
            They hold the same secrets unencrypted, in <Visible text={pairing.folder} />. Backups
            may still have them.
          </p>
        </div>
      </div>
      <button
        type="button"
        onClick={() => wish({ request: "take_over", delete_files: deletes })}
      >
        Use the pairing of the npm bridge
      </button>
    </section>
  );
}
