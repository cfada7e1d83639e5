// The installations of this computer, told apart.

import type { Identity, Installation, Seat, Slot, View } from "../generated";
import { visible } from "./visible-text";

/** The installation that is shown: the one that was chosen, or the first one. */
export function chosen(view: View, slot: Slot | null): Seat | null {
  return view.installations.find((seat) => seat.slot === slot) ?? view.installations[0] ?? null;
}

/** Name and rights of an installation, where it has them. */
export function identityOf(standing: Installation): Identity | null {
  switch (standing.state) {
    case "starting":
    case "locked":
    case "unpaired":
    case "pairing":
      return null;
    case "paired":
    case "paused":
    case "revoked":
      return standing.identity;
  }
}

/**
 * What an installation is called where there are several: its name, with its place among those that
 * share it. None where it is the only one and needs no name.
 */
export function nameAmong(view: View, slot: Slot): string | null {
  return view.installations.length < 2 ? null : nameIn(view, slot);
}

/** What an installation is called. */
export function nameIn(view: View, slot: Slot): string {
  const seat = view.installations.find((one) => one.slot === slot);
  if (seat === undefined) return `Installation ${slot}`;
  const name = visible(bareName(seat));
  const alike = view.installations.filter((one) => visible(bareName(one)) === name);
  return alike.length < 2 ? name : `${name} (${alike.indexOf(seat) + 1})`;
}

function bareName(seat: Seat): string {
  return identityOf(seat.standing)?.name ?? seat.settings.name;
}
