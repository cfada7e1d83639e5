// Recorded views of how installations stand.

import type {
  Identity,
  Installation,
  Link,
  NpmPairing,
  Paired,
  Pulse,
  Seat,
  View,
} from "../generated";
import type { Fixture } from "./fixtures";

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** A view of one installation. */
export function view(standing: Installation, pairedAt: number | null = null): View {
  return {
    version: "0.1.0",
    installations: [seat(0, standing, pairedAt)],
    pending: [],
    history: [],
    access: [],
    settings: { start_at_login: true, notifications: true, access: "shown" },
    refused: null,
    tray: { state: "shown" },
    remarks: [],
    log_folder: "/home/ada/.local/state/sophon/logs",
  };
}

/** A view of an installation that is connected. */
export function connectedView(now: number): View {
  return view({ state: "paired", ...paired(now) }, now - 9 * DAY);
}

/** A view of three installations, two of them connected. */
export function severalView(now: number): View {
  const at = paired(now);
  const away: Paired = {
    ...at,
    identity: { ...IDENTITY, id: "inst_02", name: "Ada's desk" },
    gateway: gatewayAway(now),
    degraded_since_ms: now - 3 * MINUTE,
  };
  const work: Paired = {
    ...at,
    identity: { ...IDENTITY, id: "inst_03", name: "Work: build server", cloud: "https://sophon.example.org" },
    gateway_version: "2026.5.6",
  };
  return {
    ...connectedView(now),
    installations: [
      seat(0, { state: "paired", ...at }, now - 9 * DAY),
      seat(1, { state: "paired", ...away }, now - 400 * DAY),
      seat(4, { state: "paired", ...work }, null),
      seat(5, { state: "paused", identity: { ...IDENTITY, name: "Old laptop" } }, now - 2 * HOUR),
    ],
  };
}

/** The states of the overview, at a moment. */
export function overviews(now: number): Record<string, Fixture> {
  const cloudStuck: Link = {
    state: "down",
    problem: {
      what: "Another program on another computer uses this pairing.",
      remedy: "Stop the other one, or pair this computer again.",
    },
    retry_at_ms: null,
  };
  const pairing: Installation = {
    state: "pairing",
    ticket: {
      code: "KXWP-7Q4M",
      url: "https://sophon.at/pair?code=KXWP-7Q4M",
      qr_path: checkered(29),
      qr_size: 29,
      expires_at_ms: now + 96 * SECOND,
    },
    interrupted: null,
  };
  const pulse = pulseAt(now);
  const connected = connectedView(now);
  const several = severalView(now);
  const withPaired = (change: Partial<Paired>): View =>
    view({ state: "paired", ...paired(now), ...change }, now - 9 * DAY);
  const unpaired = (problem: View["refused"] | null, npm: NpmPairing | null): View =>
    view({
      state: "unpaired",
      problem:
        problem === null
          ? null
          : { what: problem.why, remedy: "Try again, and confirm within two minutes." },
      npm,
    });

  return {
    "overview-none": { view: null, tab: "overview" },
    "overview-starting": { view: view({ state: "starting" }), tab: "overview" },
    "overview-locked": {
      view: view({
        state: "locked",
        problem: {
          what: "The keychain of this desktop is locked, so the stored keys cannot be read.",
          remedy: "Unlock it, for example by logging in again, and try again.",
        },
      }),
      tab: "overview",
    },
    "overview-unpaired": { view: unpaired(null, null), tab: "overview" },
    "overview-unpaired-npm": { view: unpaired(null, NPM), tab: "overview" },
    "overview-unpaired-npm-problem": {
      view: view({
        state: "unpaired",
        problem: {
          what: "The npm bridge @sophonai/bridge (process 4711) still carries this installation. Two at once would answer messages twice or not at all.",
          remedy: "Stop it where it was started, or with `kill 4711`, and start it no more. Then take its pairing over.",
        },
        npm: NPM,
      }),
      tab: "overview",
    },
    "overview-unpaired-problem": {
      view: unpaired(
        { slot: null, field: "", why: "The code ended before anyone confirmed it." },
        null,
      ),
      tab: "overview",
    },
    "overview-pairing-asking": {
      view: view({ state: "pairing", ticket: null, interrupted: null }),
      tab: "overview",
    },
    "overview-pairing": { view: view(pairing), tab: "overview" },
    "overview-pairing-interrupted": {
      view: view({ ...pairing, interrupted: "Sophon Cloud cannot be reached; it is tried again." }),
      tab: "overview",
    },
    "overview-just-paired": { before: view(pairing), view: connected, tab: "overview", pulse },
    "overview-connected": { view: connected, tab: "overview", pulse },
    "overview-connecting": {
      view: withPaired({ cloud: { state: "connecting" }, gateway: { state: "connecting" } }),
      tab: "overview",
    },
    "overview-degraded": {
      view: withPaired({ gateway: gatewayAway(now), degraded_since_ms: now - 3 * MINUTE }),
      tab: "overview",
      pulse,
    },
    "overview-stuck": {
      view: withPaired({ cloud: cloudStuck, gateway: gatewayAway(now) }),
      tab: "overview",
      pulse,
    },
    "overview-storage": {
      view: withPaired({
        storage: {
          what: "The disk has no room for the journal.",
          remedy: "Free some space on the disk, or let it be written to: then it goes on by itself.",
        },
      }),
      tab: "overview",
      pulse,
    },
    "overview-awaits-key": { view: withPaired({ locked: 1 }), tab: "overview", pulse },
    "overview-undelivered": { view: withPaired({ undelivered: 2 }), tab: "overview", pulse },
    "overview-paused": {
      view: view({ state: "paused", identity: IDENTITY }, now - 9 * DAY),
      tab: "overview",
    },
    "overview-revoked": { view: view({ state: "revoked", identity: IDENTITY }), tab: "overview" },
    "overview-remarks": {
      view: {
        ...connected,
        tray: { state: "missing" },
        remarks: [
          "There is no keychain here, so the keys are stored in a file that only you can read.",
        ],
      },
      tab: "overview",
      pulse,
    },
    "overview-settings": {
      view: connected,
      tab: "overview",
      pulse,
      pressed: ["Name, gateway and pairing"],
    },
    "overview-unpair": {
      view: several,
      tab: "overview",
      pulse,
      pressed: ["Name, gateway and pairing", "Unpair…"],
    },
    "overview-settings-refused": {
      view: {
        ...connected,
        refused: {
          slot: 0,
          field: "gateway_url",
          why: "The address begins with http://; a gateway is reached by ws:// or wss://.",
        },
      },
      tab: "overview",
      typed: { label: "Gateway address", text: "http://desk" },
    },
    "overview-several": { view: several, tab: "overview", pulse },
    "overview-several-other": { view: several, tab: "overview", pulse, slot: 1 },
    "overview-several-pairing": {
      before: connected,
      view: { ...connected, installations: [...connected.installations, seat(7, pairing, null)] },
      tab: "overview",
      pulse,
    },
    "overview-several-unpaired": {
      before: connected,
      view: {
        ...connected,
        installations: [
          ...connected.installations,
          seat(7, { state: "unpaired", problem: null, npm: null }, null),
        ],
      },
      tab: "overview",
    },
  };
}

/** When the first installation was heard from. */
export function pulseAt(now: number): Pulse {
  return {
    slot: 0,
    cloud: { heard_at_ms: now - 2 * SECOND, round_trip_ms: 38.4 },
    gateway: { heard_at_ms: now - 500, round_trip_ms: 1.7 },
  };
}

/** Something that looks like a QR code; nothing is read from it. */
export function checkered(size: number): string {
  let path = "";
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      if ((x * x * 7 + y * 13 + x * y * 5) % 11 < 5) path += `M${x} ${y}h1v1h-1z`;
    }
  }
  return path;
}

const NPM: NpmPairing = {
  id: "inst_Ab3dEf6hIj9kLm2n",
  cloud: "https://api.sophon.at",
  folder: "/home/ada/.config/sophon",
};

const IDENTITY: Identity = {
  id: "inst_01J9ZC6D4V",
  name: "Ada's desk",
  cloud: "https://api.sophon.at",
  may: [
    "receive the messages that you send from your phone",
    "answer in your name's conversations with its agents",
    "ask you for approvals",
  ],
};

function seat(slot: number, standing: Installation, pairedAt: number | null): Seat {
  const settings = { name: "Ada's desk", gateway_url: "", openclaw_folder: "", cloud_url: "" };
  return { slot, standing, settings, paired_at_ms: pairedAt };
}

function paired(now: number): Paired {
  return {
    identity: IDENTITY,
    cloud: { state: "up", since_ms: now - 125 * MINUTE, version: null },
    gateway: { state: "up", since_ms: now - 47 * MINUTE, version: "2026.9.6" },
    degraded_since_ms: null,
    sessions_today: 12,
    running: 1,
    queued: 3,
    locked: 0,
    undelivered: 0,
    storage: null,
    gateway_version: "2026.9.6",
  };
}

function gatewayAway(now: number): Link {
  return {
    state: "down",
    problem: {
      what: "OpenClaw does not answer at 127.0.0.1:18789.",
      remedy: "Start OpenClaw, for example with “openclaw gateway”.",
    },
    retry_at_ms: now + 8 * SECOND,
  };
}
