// A question in the page before something that cannot be taken back.

import type { ComponentChildren, JSX } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";

/**
 * A button that asks back before it acts: the harmless answer has the focus, and Escape gives it.
 */
export function ConfirmedButton(props: {
  label: string;
  /** What screen readers say instead of the label, where that says too little. */
  spoken?: string;
  question: string;
  consequence: ComponentChildren;
  yes: string;
  no: string;
  /** Why it cannot be done, as the id of the text that says so. */
  whyOff?: string | undefined;
  isOff?: boolean;
  onYes: () => void;
}): JSX.Element {
  const [isAsking, setAsking] = useState(false);
  const [wasAsked, setWasAsked] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  const harmless = useRef<HTMLButtonElement>(null);
  const id = useId();
  useLayoutEffect(() => {
    if (isAsking) harmless.current?.focus();
    else if (wasAsked) opener.current?.focus();
  }, [isAsking, wasAsked]);

  function ask(): void {
    setAsking(true);
    setWasAsked(true);
  }

  if (!isAsking) {
    return (
      <button
        type="button"
        ref={opener}
        aria-disabled={props.isOff === true}
        aria-label={props.spoken}
        aria-describedby={props.whyOff}
        onClick={() => props.isOff !== true && ask()}
      >
        {props.label}
      </button>
    );
  }
  return (
    <div
      class="confirm"
      role="group"
      aria-labelledby={`${id}-question`}
      aria-describedby={`${id}-consequence`}
      onKeyDown={(event) => event.key === "Escape" && setAsking(false)}
    >
      <p id={`${id}-question`} class="what">
        {props.question}
      </p>
      <p id={`${id}-consequence`}>{props.consequence}</p>
      <div class="actions">
        <button type="button" ref={harmless} onClick={() => setAsking(false)}>
          {props.no}
        </button>
        <button
          type="button"
          class="danger"
          onClick={() => {
            setAsking(false);
            props.onYes();
          }}
        >
          {props.yes}
        </button>
      </div>
    </div>
  );
}
