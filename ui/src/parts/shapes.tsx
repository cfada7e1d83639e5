// Shapes that say how something stands, told apart without their colour.

import type { ComponentChildren, JSX } from "preact";

import type { Severity } from "../generated";
import type { Standing } from "../logic/health";

/** The shape of a standing; the words beside it say the same, so it is hidden from readers. */
export function StandingShape({ standing }: { standing: Standing }): JSX.Element {
  return <Shape className={`standing ${standing}`}>{STANDINGS[standing]}</Shape>;
}

/** The shape of a severity: one to four steps, the last two with a mark. */
export function SeverityShape({ severity }: { severity: Severity }): JSX.Element {
  return <Shape className="severity-shape">{SEVERITIES[severity]}</Shape>;
}

/** The triangle of a warning. */
export function WarningShape(): JSX.Element {
  return <Shape className="warning-shape">{TRIANGLE}</Shape>;
}

/** The circle of something to know. */
export function NoteShape(): JSX.Element {
  return (
    <Shape className="note-shape">
      <circle class="line" cx="10" cy="10" r="7.25" />
      <path class="line" d="M10 9.25v4.5" />
      <circle class="dot" cx="10" cy="6.4" r="1" />
    </Shape>
  );
}

function Shape(props: { className: string; children: ComponentChildren }): JSX.Element {
  return (
    <svg class={`shape ${props.className}`} viewBox="0 0 20 20" aria-hidden="true">
      {props.children}
    </svg>
  );
}

const TRIANGLE = (
  <>
    <path class="body" d="M8.7 2.9a1.5 1.5 0 0 1 2.6 0l6.6 11.8a1.5 1.5 0 0 1-1.3 2.3H3.4a1.5 1.5 0 0 1-1.3-2.3z" />
    <path class="cut" d="M10 7.25v4" />
    <circle class="cut-dot" cx="10" cy="14" r="1.05" />
  </>
);

const OCTAGON = (
  <>
    <path class="body" d="M6.8 1.75h6.4l5.05 5.05v6.4l-5.05 5.05H6.8L1.75 13.2V6.8z" />
    <path class="cut" d="M10 5.5v5.25" />
    <circle class="cut-dot" cx="10" cy="14" r="1.15" />
  </>
);

const STANDINGS: Record<Standing, JSX.Element> = {
  good: (
    <>
      <circle class="body" cx="10" cy="10" r="8.25" />
      <path class="cut" d="m6.4 10.3 2.5 2.5 4.8-5.3" />
    </>
  ),
  busy: <path class="line turning" d="M10 2.75A7.25 7.25 0 1 1 2.75 10" />,
  away: TRIANGLE,
  stuck: OCTAGON,
  paused: (
    <>
      <circle class="line" cx="10" cy="10" r="7.5" />
      <path class="line" d="M8 7.25v5.5M12 7.25v5.5" />
    </>
  ),
  none: <circle class="line dashed" cx="10" cy="10" r="7.5" />,
  refused: (
    <>
      <circle class="line" cx="10" cy="10" r="7.5" />
      <path class="line" d="m7.5 7.5 5 5m0-5-5 5" />
    </>
  ),
};

const SEVERITIES: Record<Severity, JSX.Element> = {
  low: (
    <>
      <path class="body" d="M3 12h3.5v5H3z" />
      <path class="faint" d="M8.25 8h3.5v9h-3.5zM13.5 4H17v13h-3.5z" />
    </>
  ),
  medium: (
    <>
      <path class="body" d="M3 12h3.5v5H3zM8.25 8h3.5v9h-3.5z" />
      <path class="faint" d="M13.5 4H17v13h-3.5z" />
    </>
  ),
  high: TRIANGLE,
  critical: OCTAGON,
};
