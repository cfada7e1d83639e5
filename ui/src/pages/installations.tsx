// The installations of this computer, where there are several.

import type { JSX } from "preact";

import type { Seat, Slot, View } from "../generated";
import { headline } from "../logic/health";
import { nameIn } from "../logic/seats";
import { useNow } from "../parts/clock";
import { StandingShape } from "../parts/shapes";
import type { Happening } from "../state";

/** A row for each: its shape, its name, and how it stands; the chosen one is shown below. */
export function Installations(props: {
  view: View;
  chosen: Slot;
  happen: (happening: Happening) => void;
}): JSX.Element {
  const { view, chosen, happen } = props;
  return (
    <nav class="card installations" aria-label="Installations of this computer">
      {view.installations.map((seat) => (
        <Row
          key={seat.slot}
          view={view}
          seat={seat}
          isChosen={seat.slot === chosen}
          onChoose={() => happen({ message: "choose", slot: seat.slot })}
        />
      ))}
    </nav>
  );
}

function Row(props: {
  view: View;
  seat: Seat;
  isChosen: boolean;
  onChoose: () => void;
}): JSX.Element {
  const { view, seat, isChosen, onChoose } = props;
  const { standing, title } = headline(seat.standing, useNow());
  const waiting = view.pending.filter((pending) => pending.slot === seat.slot).length;
  return (
    <button
      type="button"
      class="installation"
      data-slot={seat.slot}
      aria-current={isChosen}
      onClick={onChoose}
    >
      <StandingShape standing={standing} />
      <span class="installation-name">{nameIn(view, seat.slot)}</span>
      <span class="quiet">{title}</span>
      {waiting > 0 && (
        <span class="badge">
          {waiting > 99 ? "99+" : waiting}
          <span class="aloud"> waiting</span>
        </span>
      )}
    </button>
  );
}
