// A click counts only where the person could know what was under the pointer.

/** How long a card must have been at its place before it can be answered, in milliseconds. */
export const SETTLE_MS = 400;

/** Where each card stands, and since when. */
export class Settled {
  readonly #places = new Map<string, { top: number; since: number }>();

  /** Takes the places of all cards now; a card that is new or elsewhere starts to settle. */
  note(places: ReadonlyMap<string, number>, now: number): void {
    for (const id of this.#places.keys()) if (!places.has(id)) this.#places.delete(id);
    for (const [id, top] of places) {
      const known = this.#places.get(id);
      if (known === undefined || Math.abs(known.top - top) >= 1) {
        this.#places.set(id, { top, since: now });
      }
    }
  }

  /** Starts anew for every card: the page came, or was scrolled without the person. */
  restart(now: number): void {
    for (const place of this.#places.values()) place.since = now;
  }

  /** Whether a click on the card counts. */
  has(id: string, now: number): boolean {
    const place = this.#places.get(id);
    return place !== undefined && now - place.since >= SETTLE_MS;
  }
}
