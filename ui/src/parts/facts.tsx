// Names and values, one beside the other.

import type { ComponentChildren, JSX } from "preact";

import type { Foreign, Scope } from "../generated";
import { ForeignText } from "./text";

/** A name and its value; none: there is no such row. */
export type Fact = readonly [label: string, value: ComponentChildren | null];

/** Facts as a list; those without a value are left out. */
export function Facts({ facts }: { facts: readonly Fact[] }): JSX.Element | null {
  const known = facts.filter(([, value]) => value !== null);
  if (known.length === 0) return null;
  return (
    <dl class="facts-list">
      {known.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** A text of a stranger as the value of a fact. */
export function foreign(text: Foreign | null): JSX.Element | null {
  return text === null ? null : <ForeignText text={text} />;
}

/** Texts of strangers as the value of a fact: each with a frame of its own. */
export function foreignList(texts: readonly Foreign[]): JSX.Element | null {
  if (texts.length === 0) return null;
  return (
    <span class="chips">
      {texts.map((text, index) => (
        <span key={index} class="chip">
          <ForeignText text={text} />
        </span>
      ))}
    </span>
  );
}

/** Scopes with what they allow. */
export function Scopes({ scopes }: { scopes: readonly Scope[] }): JSX.Element {
  return (
    <ul class="scopes">
      {scopes.map((scope, index) => (
        <li key={index}>
          <span class="mono">
            <ForeignText text={scope.name} />
          </span>
          <span class="quiet">{scope.meaning ?? "a right that this app does not know"}</span>
        </li>
      ))}
    </ul>
  );
}

/** Says that there is more than is listed. */
export function Unlisted({ count, what }: { count: number; what: string }): JSX.Element | null {
  if (count === 0) return null;
  return (
    <p class="missing">
      … {count} more {what} that {count === 1 ? "is" : "are"} not listed here
    </p>
  );
}
