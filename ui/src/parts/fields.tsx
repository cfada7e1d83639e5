// Fields of a form, each with its name, its hint and why it was refused.

import type { JSX } from "preact";
import { useId } from "preact/hooks";

/** A line of text. */
export function TextField(props: {
  label: string;
  hint: string;
  value: string;
  why: string | null;
  placeholder?: string;
  isCode?: boolean;
  onInput: (text: string) => void;
}): JSX.Element {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      <input
        id={id}
        type="text"
        class={props.isCode === true ? "mono" : ""}
        value={props.value}
        placeholder={props.placeholder}
        spellcheck={false}
        autocomplete="off"
        aria-invalid={props.why !== null}
        aria-describedby={`${id}-hint`}
        onInput={(event) => props.onInput(event.currentTarget.value)}
      />
      <Hint id={`${id}-hint`} hint={props.hint} why={props.why} />
    </div>
  );
}

/** Something that is on or off, and changes at once. */
export function Switch(props: {
  label: string;
  hint: string;
  on: boolean;
  why: string | null;
  onTurn: (on: boolean) => void;
}): JSX.Element {
  const id = useId();
  return (
    <div class="field switch-field">
      <div>
        <span class="field-label" id={id}>
          {props.label}
        </span>
        <Hint id={`${id}-hint`} hint={props.hint} why={props.why} />
      </div>
      <button
        type="button"
        class="switch"
        role="switch"
        aria-checked={props.on}
        aria-labelledby={id}
        aria-describedby={`${id}-hint`}
        onClick={() => props.onTurn(!props.on)}
      >
        <span class="knob" />
      </button>
    </div>
  );
}

function Hint(props: { id: string; hint: string; why: string | null }): JSX.Element {
  return (
    <div id={props.id} aria-live="polite">
      {props.why === null ? <p class="quiet">{props.hint}</p> : <p class="why">{props.why}</p>}
    </div>
  );
}
