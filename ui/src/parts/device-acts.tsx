// What can be done to a device, each with its consequence in words.

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import type { Device, DeviceAct, Slot } from "../generated";
import { nameFault } from "../logic/device";
import { visible } from "../logic/visible-text";
import { ConfirmedButton } from "./confirm";
import { TextField } from "./fields";
import { useWish } from "./wish";

/**
 * What can be done to the device as a whole. `why`: id of the text that says why nothing can, here
 * and at its tokens.
 */
export function DeviceActs(props: {
  slot: Slot;
  device: Device;
  canRename: boolean;
  why: string;
}): JSX.Element {
  const { device, canRename, why } = props;
  const act = useAct(props.slot, device);
  const off = offOf(device, why);
  return (
    <div class="device-acts">
      <div class="actions">
        {canRename && (
          <Rename device={device} {...off} onRename={(name) => act({ act: "rename", name })} />
        )}
        {device.node !== null && (
          <ConfirmedButton
            label="Take commands back…"
            question="Take back what agents may run on it?"
            consequence="Agents can run nothing on it any more. It stays a device of the gateway; when it offers its commands again, you are asked again."
            yes="Take them back"
            no="Keep them"
            {...off}
            onYes={() => act({ act: "remove_node" })}
          />
        )}
        <ConfirmedButton
          label="Remove…"
          question="Remove this device?"
          consequence={`All its tokens go. It is disconnected, and must be approved again. ${JOINS_BY_ITSELF}`}
          yes="Remove"
          no="Keep it"
          {...off}
          onYes={() => act({ act: "remove" })}
        />
      </div>
      {off.isOff && (
        <p id={why} class="quiet">
          {device.is_own
            ? "As this device the app itself signs in to the gateway: what is done to it would cut your phone off. To end that, unpair on Overview."
            : "The gateway has not confirmed the last change yet."}
        </p>
      )}
    </div>
  );
}

/** What can be done to one token of a device. */
export function TokenActs(props: {
  slot: Slot;
  device: Device;
  role: string;
  why: string;
}): JSX.Element {
  const { device, role, why } = props;
  const act = useAct(props.slot, device);
  const off = offOf(device, why);
  const name = visible(role);
  return (
    <div class="actions">
      <ConfirmedButton
        label="New token…"
        spoken={`New token as ${name}…`}
        question={`Give it a new token as ${name}?`}
        consequence="Its token becomes void: it is disconnected, and has to sign in again with the gateway's own token. Where it does not know that one, it has to ask and be approved again."
        yes="New token"
        no="Keep the token"
        {...off}
        onYes={() => act({ act: "rotate", role })}
      />
      <ConfirmedButton
        label="Revoke…"
        spoken={`Revoke the token as ${name}…`}
        question={`Revoke its token as ${name}?`}
        consequence={`It is disconnected, and has to ask before it may sign in as ${name} again. ${JOINS_BY_ITSELF}`}
        yes="Revoke"
        no="Keep the token"
        {...off}
        onYes={() => act({ act: "revoke", role })}
      />
    </div>
  );
}

function useAct(slot: Slot, device: Device): (act: DeviceAct) => void {
  const wish = useWish();
  return (act) => wish({ request: "device", slot, device: device.id, act });
}

function offOf(device: Device, why: string): { isOff: boolean; whyOff: string | undefined } {
  const isOff = device.is_own || device.is_changing;
  return { isOff, whyOff: isOff ? why : undefined };
}

function Rename(props: {
  device: Device;
  isOff: boolean;
  whyOff: string | undefined;
  onRename: (name: string) => void;
}): JSX.Element {
  const { device } = props;
  const [name, setName] = useState<string | null>(null);
  const [wasOpen, setWasOpen] = useState(false);
  const [why, setWhy] = useState<string | null>(null);
  const form = useRef<HTMLFormElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const isOpen = name !== null;
  useEffect(() => {
    if (isOpen) form.current?.querySelector("input")?.select();
    else if (wasOpen) opener.current?.focus();
  }, [isOpen, wasOpen]);

  function open(): void {
    setName(device.label?.text ?? device.name?.text ?? "");
    setWasOpen(true);
    setWhy(null);
  }

  function save(event: Event): void {
    event.preventDefault();
    const wanted = (name ?? "").trim();
    const fault = nameFault(wanted);
    setWhy(fault);
    if (fault !== null || props.isOff) return;
    props.onRename(wanted);
    setName(null);
  }

  if (name === null) {
    return (
      <button
        type="button"
        ref={opener}
        aria-disabled={props.isOff}
        aria-describedby={props.whyOff}
        onClick={() => !props.isOff && open()}
      >
        Rename…
      </button>
    );
  }
  return (
    <form
      class="rename"
      ref={form}
      onSubmit={save}
      onKeyDown={(event) => event.key === "Escape" && setName(null)}
    >
      <TextField
        label="New name"
        hint="Yours for it: it goes before the name that it gives itself."
        value={name}
        why={why}
        onInput={setName}
      />
      <div class="actions">
        <button type="submit" class="primary">
          Rename
        </button>
        <button type="button" onClick={() => setName(null)}>
          Cancel
        </button>
      </div>
    </form>
  );
}

const JOINS_BY_ITSELF =
  "A device on the gateway's own computer that knows the gateway's token joins again by itself.";
