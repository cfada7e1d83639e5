// What waits for a decision, and what was decided.

import type { JSX } from "preact";

import type { View } from "../generated";
import { History } from "../parts/history";
import { RequestList } from "../parts/request-list";
import type { Happening, Target } from "../state";

type Happen = (happening: Happening) => void;

/** All requests of all installations, oldest first; `null` before the first view came. */
export function RequestsPage(props: {
  view: View | null;
  target: Target;
  happen: Happen;
}): JSX.Element {
  const { view, target, happen } = props;
  if (view === null) return <></>;
  const count = view.pending.length;
  return (
    <>
      {count === 0 ? (
        <Nothing />
      ) : (
        <h1>{count === 1 ? "1 request waits" : `${count} requests wait`}</h1>
      )}
      <RequestList view={view} requests={view.pending} target={target} />
      {view.settings.access === "off" && <OnlyApprovals happen={happen} />}
      <History view={view} />
    </>
  );
}

/** Says that nobody asks the gateway for the other kinds. */
function OnlyApprovals({ happen }: { happen: Happen }): JSX.Element {
  return (
    <div class="actions split only-approvals">
      <p class="quiet">Devices and people that ask are not looked for.</p>
      <button
        type="button"
        onClick={() => happen({ message: "turn", tab: "devices", keepFocus: false })}
      >
        Devices…
      </button>
    </div>
  );
}

function Nothing(): JSX.Element {
  return (
    <div class="empty">
      <svg class="drawing" viewBox="0 0 96 72" aria-hidden="true">
        <rect class="sheet" x="14" y="8" width="68" height="56" rx="9" />
        <path class="stroke" d="M28 24h28M28 34h18" />
        <path class="strong" d="m52 48 6 6 12-14" />
      </svg>
      <h1>Nothing waits for you</h1>
      <p class="quiet">
        When an agent on this computer asks before it acts, its question appears here and on your
        phone. Devices and people that want to join appear here too.
      </p>
    </div>
  );
}
