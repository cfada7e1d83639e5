// Fields of a form, each with its name, its hint and why it was refused.

import type { ComponentChildren, JSX } from "preact";
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

/** Something that is chosen together with a button. */
export function CheckField(props: {
  label: string;
  hint: ComponentChildren;
  on: boolean;
  onTurn: (on: boolean) => void;
}): JSX.Element {
  const id = useId();
  return (
    <div class="choice">
      <input
        id={id}
        type="checkbox"
        checked={props.on}
        aria-describedby={`${id}-hint`}
        onChange={(event) => props.onTurn(event.currentTarget.checked)}
      />
      <div>
        <label for={id}>{props.label}</label>
        <p id={`${id}-hint`} class="quiet">
          {props.hint}
        </p>
      </div>
    </div>
  );
}

/** One of several, each with what it means. */
export function ChoiceField<Value extends string>(props: {
  label: string;
  choices: readonly { value: Value; label: string; hint: string }[];
  value: Value;
  why: string | null;
  onChoose: (value: Value) => void;
}): JSX.Element {
  const id = useId();
  return (
    <fieldset class="choices" aria-describedby={props.why === null ? undefined : `${id}-why`}>
      <legend>{props.label}</legend>
      {props.choices.map(({ value, label, hint }) => (
        <div key={value} class="choice">
          <input
            id={`${id}-${value}`}
            type="radio"
            name={id}
            checked={value === props.value}
            aria-describedby={`${id}-${value}-hint`}
            onChange={() => props.onChoose(value)}
          />
          <div>
            <label for={`${id}-${value}`}>{label}</label>
            <p id={`${id}-${value}-hint`} class="quiet">
              {hint}
            </p>
          </div>
        </div>
      ))}
      {props.why !== null && (
        <p id={`${id}-why`} class="why" role="alert">
          {props.why}
        </p>
      )}
    </fieldset>
  );
}

function Hint(props: { id: string; hint: string; why: string | null }): JSX.Element {
  return (
    <div id={props.id} aria-live="polite">
      {props.why === null ? <p class="quiet">{props.hint}</p> : <p class="why">{props.why}</p>}
    </div>
  );
}
