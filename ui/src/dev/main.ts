// Shows one recorded state, named after the `#` of the address, or all of them to choose from.

import "../styles/index.css";

import type { Program } from "../bridge";
import type { FromWindow, ToWindow } from "../generated";
import { run } from "../run";
import { type Fixture, fixtures } from "./fixtures";

declare global {
  interface Window {
    /** What the window told, for tests that drive it. */
    told: FromWindow[];
    /** Says something to the window as the program would. */
    say: (message: ToWindow) => void;
    /** The state that is shown. */
    recorded: Fixture;
  }
}

// What the window must live with in a Tauri web view.
Object.freeze(Object.prototype);

const states = fixtures(Date.now());
const state = states[location.hash.slice(1)];
const root = document.getElementById("app")!;
window.told = [];

if (state === undefined) {
  for (const name of Object.keys(states)) {
    const link = document.createElement("a");
    link.href = `#${name}`;
    link.textContent = name;
    root.append(link);
  }
} else {
  window.recorded = state;
  run(programOf(state), root);
  const { slot, typed, pressed } = state;
  if (slot !== undefined) setTimeout(() => click(`[data-slot="${slot}"]`), 20);
  for (const [at, text] of (pressed ?? []).entries()) setTimeout(() => press(text), 60 * (at + 1));
  if (typed !== undefined) setTimeout(() => type(typed.label, typed.text), 120);
}
window.addEventListener("hashchange", () => location.reload());

function click(selector: string): void {
  document.querySelector<HTMLElement>(selector)?.click();
}

function press(text: string): void {
  const found = [...document.querySelectorAll<HTMLElement>("summary, button")];
  found.find((one) => one.textContent?.startsWith(text))?.click();
}

function type(label: string, text: string): void {
  const labels = [...document.querySelectorAll("label")];
  const field = labels.find((one) => one.textContent === label)?.control;
  if (!(field instanceof HTMLInputElement)) return;
  field.value = text;
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));
}

function programOf(state: Fixture): Program {
  return {
    follow(onMessage) {
      window.say = onMessage;
      if (state.before !== undefined) onMessage({ message: "view", view: state.before });
      if (state.lines !== undefined) onMessage({ message: "log", lines: state.lines });
      if (state.view !== null) onMessage({ message: "view", view: state.view });
      if (state.pulse !== undefined) onMessage({ message: "pulse", pulses: [state.pulse] });
      onMessage({ message: "show", page: state.tab, key: state.show ?? null });
    },
    tell(message) {
      window.told.push(message);
    },
  };
}
