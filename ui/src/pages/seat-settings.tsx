// What can be chosen for one installation, folded up below how it stands.

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import type { Seat, SeatSettings, View } from "../generated";
import { type Edits, edited, type Field, isChanged, settle, shown } from "../logic/edits";
import { TextField } from "../parts/fields";
import { useWish } from "../parts/wish";
import { PairingSettings } from "./pairing-settings";

/** Name, gateway, cloud, and the pairing itself. */
export function SeatSettingsCard({ view, seat }: { view: View; seat: Seat }): JSX.Element {
  const isRefused = view.refused?.slot === seat.slot;
  const [isOpen, setOpen] = useState(isRefused);
  useEffect(() => {
    if (isRefused) setOpen(true);
  }, [isRefused]);
  return (
    <details
      class="card seat-settings"
      open={isOpen}
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>Name, gateway and pairing</summary>
      {isOpen && (
        <div class="seat-settings-body">
          <Choices view={view} seat={seat} />
          <PairingSettings seat={seat} isOnly={view.installations.length === 1} />
        </div>
      )}
    </details>
  );
}

function Choices({ view, seat }: { view: View; seat: Seat }): JSX.Element {
  const wish = useWish();
  const { slot, settings } = seat;
  const { edits, setEdit, revert, isSaved } = useEdits(settings);
  const canSave = isChanged(settings, edits);

  function save(event: Event): void {
    event.preventDefault();
    if (canSave) wish({ request: "save_seat", slot, settings: edited(settings, edits) });
  }

  function field(name: Field): { value: string; onInput: (text: string) => void; why: string | null } {
    return {
      value: shown(settings, edits, name),
      onInput: (text) => setEdit(name, text),
      // Why a value was refused belongs to that value, not to the one that stayed.
      why: edits[name] === undefined ? null : whyRefused(view, seat, name),
    };
  }

  return (
    <form aria-label="Name and connection" onSubmit={save}>
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
      <TextField
        label="Folder of OpenClaw's configuration"
        hint="Empty: the usual one. A gateway of a profile has its own, as ~/.openclaw-work."
        placeholder="~/.openclaw"
        isCode
        {...field("openclaw_folder")}
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
      <Elsewhere view={view} seat={seat} />
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
  );
}

/** A refusal that belongs to none of the fields here still must be read. */
function Elsewhere({ view, seat }: { view: View; seat: Seat }): JSX.Element | null {
  const { refused } = view;
  if (refused === null || refused.slot !== seat.slot || refused.field in seat.settings) return null;
  return (
    <p class="why" role="alert">
      {refused.why}
    </p>
  );
}

function useEdits(settings: SeatSettings): {
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
  }, [settings.name, settings.gateway_url, settings.openclaw_folder, settings.cloud_url]);
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

function whyRefused(view: View, seat: Seat, field: Field): string | null {
  const { refused } = view;
  return refused?.slot === seat.slot && refused.field === field ? refused.why : null;
}
