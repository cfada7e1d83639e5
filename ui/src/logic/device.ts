// Devices of a gateway.

const LONGEST_NAME = 64;

/** Why a device cannot have this name, as a sentence; none where it can. */
export function nameFault(name: string): string | null {
  const length = [...name].length;
  if (length === 0) return "A name has at least one character.";
  if (length > LONGEST_NAME) {
    return `A name has at most ${LONGEST_NAME} characters; this one has ${length}.`;
  }
  return /\p{Cc}/u.test(name) ? "A name has no line breaks or other control characters." : null;
}
