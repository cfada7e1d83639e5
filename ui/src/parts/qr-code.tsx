// A QR code, as the program drew it.

import type { JSX } from "preact";

/** An SVG path in a square of `size` units, with the quiet zone around it. */
export function QrCode(props: { path: string; size: number; label: string }): JSX.Element {
  const quiet = 2;
  const side = props.size + 2 * quiet;
  return (
    <svg
      class="qr"
      viewBox={`${-quiet} ${-quiet} ${side} ${side}`}
      role="img"
      aria-label={props.label}
      shape-rendering="crispEdges"
    >
      <path d={props.path} />
    </svg>
  );
}
