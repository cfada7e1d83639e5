// A click counts only where the person could know what was under the pointer.

/** How long a card must have been at its place before it can be answered, in milliseconds. */
export const SETTLE_MS = 400;

/** Where a card stands, in CSS pixels, and what it says; another object says something else. */
export type Place = { top: number; says: object };

/** Where each card stands, and since when. */
export class Settled {
  readonly #places = new Map<string, Place & { since: number }>();

  /** Takes the places of all cards now; one that is new, elsewhere or another starts to settle. */
  note(places: ReadonlyMap<string, Place>, now: number): void {
    for (const key of this.#places.keys()) if (!places.has(key)) this.#places.delete(key);
    for (const [key, place] of places) {
      const known = this.#places.get(key);
      const isSame =
        known !== undefined && Math.abs(known.top - place.top) < 1 && known.says === place.says;
      if (!isSame) this.#places.set(key, { ...place, since: now });
    }
  }

  /** Starts anew for every card: the page came, or was scrolled without the person. */
  restart(now: number): void {
    for (const place of this.#places.values()) place.since = now;
  }

  /** Whether a click on the card counts. */
  has(key: string, now: number): boolean {
    const place = this.#places.get(key);
    return place !== undefined && now - place.since >= SETTLE_MS;
  }
}
