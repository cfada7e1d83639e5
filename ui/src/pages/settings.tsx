// What can be chosen.

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import type { Settings, View } from "../generated";
import { type Edits, edited, type Field, isChanged, settle, shown } from "../logic/edits";
import { Switch, TextField } from "../parts/fields";
import { useWish } from "../parts/wish";
import type { Target } from "../state";
import { About } from "./about";
import { PairingSettings } from "./pairing-settings";

/** All settings, the pairing, and what this program is. */
export function SettingsPage(props: { view: View | null; target: Target }): JSX.Element {
  const about = useRef<HTMLElement>(null);
  const hasView = props.view !== null;
  useEffect(() => {
    if (!hasView || !props.target.about) return;
    about.current?.scrollIntoView({ block: "start" });
    about.current?.focus({ preventScroll: true });
  }, [hasView, props.target]);

  if (props.view === null) return <></>;
  return (
    <>
      <h1 class="aloud">Settings</h1>
      <Choices view={props.view} />
      <PairingSettings installation={props.view.installation} />
      <About version={props.view.version} installation={props.view.installation} aboutRef={about} />
    </>
  );
}

function Choices({ view }: { view: View }): JSX.Element {
  const wish = useWish();
  const { settings } = view;
  const { edits, setEdit, revert, isSaved } = useEdits(settings);
  const canSave = isChanged(settings, edits);

  function save(event: Event): void {
    event.preventDefault();
    if (canSave) wish({ request: "save", settings: edited(settings, edits) });
  }

  function field(name: Field): { value: string; onInput: (text: string) => void; why: string | null } {
    return {
      value: shown(settings, edits, name),
      onInput: (text) => setEdit(name, text),
      // Why a value was refused belongs to that value, not to the one that stayed.
      why: edits[name] === undefined ? null : whyRefused(view, name),
    };
  }

  return (
    <>
      <section class="card switches" aria-label="General">
        <Switch
          label="Start at login"
          hint="Starts in the background, without this window."
          on={settings.start_at_login}
          why={whyRefused(view, "start_at_login")}
          onTurn={(on) => wish({ request: "start_at_login", on })}
        />
        <Switch
          label="Notifications"
          hint="When an agent asks, or a connection is lost for long."
          on={settings.notifications}
          why={whyRefused(view, "notifications")}
          onTurn={(on) => wish({ request: "save", settings: { ...settings, notifications: on } })}
        />
      </section>
      <form class="card" aria-label="Name and connection" onSubmit={save}>
        <TextField
          label="Name of this computer"
          hint="Your phone shows it from the next pairing on."
          {...field("name")}
        />
        <TextField
          label="Gateway address"
          hint="Empty: as OpenClaw's own configuration says."
          placeholder="ws://127.0.0.1:18789"
          isCode
          {...field("gateway_url")}
        />
        <details open={settings.cloud_url !== ""}>
          <summary>Advanced</summary>
          <TextField
            label="Sophon Cloud address"
            hint="Empty: the usual one. Another one needs a new pairing."
            placeholder="https://…"
            isCode
            {...field("cloud_url")}
          />
        </details>
        <Elsewhere view={view} />
        <div class="actions">
          <button type="submit" class="primary" aria-disabled={!canSave}>
            Save
          </button>
          <button type="button" aria-disabled={!canSave} onClick={revert}>
            Revert
          </button>
          <p class="quiet" role="status">
            {isSaved ? "Saved" : ""}
          </p>
        </div>
      </form>
    </>
  );
}

/** A refusal that belongs to none of the fields here still must be read. */
function Elsewhere({ view }: { view: View }): JSX.Element | null {
  if (view.refused === null || view.refused.field in view.settings) return null;
  return (
    <p class="why" role="alert">
      {view.refused.why}
    </p>
  );
}

function useEdits(settings: Settings): {
  edits: Edits;
  setEdit: (field: Field, text: string) => void;
  revert: () => void;
  isSaved: boolean;
} {
  const [edits, setEdits] = useState<Edits>({});
  const [isSaved, setSaved] = useState(false);
  const before = useRef(settings);
  useEffect(() => {
    const previous = before.current;
    before.current = settings;
    const rest = settle(edits, previous, settings);
    const left = Object.keys(rest).length;
    if (left < Object.keys(edits).length) setSaved(left === 0);
    setEdits(rest);
  }, [settings.name, settings.gateway_url, settings.cloud_url]);
  return {
    edits,
    isSaved,
    setEdit: (field, text) => {
      setSaved(false);
      setEdits((now) => ({ ...now, [field]: text }));
    },
    revert: () => setEdits({}),
  };
}

function whyRefused(view: View, field: keyof Settings): string | null {
  return view.refused?.field === field ? view.refused.why : null;
}
