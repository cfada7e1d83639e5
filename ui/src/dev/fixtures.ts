// Recorded states of the window, by name.

import type {
  Approval,
  Identity,
  Installation,
  Link,
  LogLine,
  NpmPairing,
  Paired,
  Pulse,
  View,
} from "../generated";
import type { Tab } from "../state";

/** A state: the view, the page in front, and what the program says besides. */
export type Fixture = {
  view: View | null;
  tab: Tab;
  before?: View;
  pulse?: Pulse;
  lines?: LogLine[];
  show?: string;
  /** Typed into the field with this label. */
  typed?: { label: string; text: string };
};

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** The states at a moment. */
export function fixtures(now: number): Record<string, Fixture> {
  const up: Link = { state: "up", since_ms: now - 125 * MINUTE, version: null };
  const gatewayUp: Link = { state: "up", since_ms: now - 47 * MINUTE, version: "2026.9.6" };
  const gatewayAway: Link = {
    state: "down",
    problem: {
      what: "OpenClaw does not answer at 127.0.0.1:18789.",
      remedy: "Start OpenClaw, for example with “openclaw gateway”.",
    },
    retry_at_ms: now + 8 * SECOND,
  };
  const cloudStuck: Link = {
    state: "down",
    problem: {
      what: "Another program on another computer uses this pairing.",
      remedy: "Stop the other one, or pair this computer again.",
    },
    retry_at_ms: null,
  };
  const paired: Paired = {
    identity: IDENTITY,
    cloud: up,
    gateway: gatewayUp,
    degraded_since_ms: null,
    sessions_today: 12,
    running: 1,
    queued: 3,
    locked: 0,
    undelivered: 0,
    storage: null,
    gateway_version: "2026.9.6",
  };
  const pulse: Pulse = {
    cloud: { heard_at_ms: now - 2 * SECOND, round_trip_ms: 38.4 },
    gateway: { heard_at_ms: now - 500, round_trip_ms: 1.7 },
  };
  const approvals = approvalsAt(now);
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
  const connected = view({ state: "paired", ...paired });
  const withPaired = (change: Partial<Paired>): View =>
    view({ state: "paired", ...paired, ...change });

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
    "overview-unpaired": {
      view: view({ state: "unpaired", problem: null, npm: null }),
      tab: "overview",
    },
    "overview-unpaired-npm": {
      view: view({ state: "unpaired", problem: null, npm: NPM }),
      tab: "overview",
    },
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
      view: view({
        state: "unpaired",
        problem: {
          what: "The code ended before anyone confirmed it.",
          remedy: "Try again, and confirm within two minutes.",
        },
        npm: null,
      }),
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
      view: {
        ...withPaired({ gateway: gatewayAway, degraded_since_ms: now - 3 * MINUTE }),
        approvals: approvals.slice(0, 2),
      },
      tab: "overview",
      pulse,
    },
    "overview-stuck": {
      view: withPaired({ cloud: cloudStuck, gateway: gatewayAway }),
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
    "overview-paused": { view: view({ state: "paused", identity: IDENTITY }), tab: "overview" },
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
    "requests-none": { view: connected, tab: "requests" },
    requests: { view: { ...connected, approvals }, tab: "requests" },
    "requests-grave": {
      view: { ...connected, approvals: approvals.slice(2) },
      tab: "requests",
      show: "grave",
    },
    "requests-deciding": {
      view: {
        ...connected,
        approvals: approvals.slice(0, 1).map((one) => ({ ...one, deciding: "allow_once" })),
      },
      tab: "requests",
    },
    "requests-500": { view: { ...connected, approvals: many(approvals, 500) }, tab: "requests" },
    "logs-none": { view: connected, tab: "logs" },
    logs: { view: connected, tab: "logs", lines: lines(now, 60) },
    "logs-full": { view: connected, tab: "logs", lines: lines(now, 2_500) },
    settings: { view: connected, tab: "settings" },
    "settings-refused": {
      view: {
        ...connected,
        refused: {
          field: "gateway_url",
          why: "The address begins with http://; a gateway is reached by ws:// or wss://.",
        },
      },
      tab: "settings",
      typed: { label: "Gateway address", text: "http://desk" },
    },
    "settings-unpaired": {
      view: view({ state: "unpaired", problem: null, npm: null }),
      tab: "settings",
    },
  };
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

function view(installation: Installation): View {
  return {
    version: "0.1.0",
    installation,
    approvals: [],
    settings: {
      name: "Ada's desk",
      start_at_login: true,
      notifications: true,
      gateway_url: "",
      cloud_url: "",
    },
    refused: null,
    tray: { state: "shown" },
    remarks: [],
    log_folder: "/home/ada/.local/state/sophon/logs",
  };
}

function approvalsAt(now: number): Approval[] {
  const usual: Approval = {
    id: "usual",
    title: "Run a command",
    message: "The build needs its dependencies.",
    command: "npm ci --no-audit",
    folder: "/home/ada/projects/weather-station",
    host: "gateway",
    agent: "main",
    warnings: [],
    severity: "medium",
    offers: ["allow_once", "allow_always", "deny"],
    asked_at_ms: now - 40 * SECOND,
    expires_at_ms: now + 260 * SECOND,
    deciding: null,
  };
  return [
    usual,
    {
      ...usual,
      id: "hidden",
      title: "Read a file",
      message: null,
      command: "cat notes\u202egpj.exe\u200b \u00a0| head\n\t--lines=20 \u001b[31m",
      severity: "low",
      host: "sandbox",
      offers: ["allow_once", "deny"],
      warnings: ["The command contains characters that cannot be seen."],
    },
    {
      ...usual,
      id: "grave",
      title: "Delete a folder and publish",
      message: "Cleaning up before the release.",
      command: Array.from(
        { length: 40 },
        (_, step) => `rm -rf "build/stage-${step}" && rsync -a --delete dist/ deploy@www:/srv/${step}/`,
      ).join("\n"),
      severity: "critical",
      offers: ["allow_once", "deny"],
      warnings: ["Deletes files for good.", "Writes to another computer."],
    },
    {
      ...usual,
      id: "short",
      title: "Install a system package",
      message: null,
      command: "sudo apt-get install --yes ffmpeg",
      severity: "high",
      host: "node",
      offers: ["allow_once", "deny"],
    },
  ];
}

function many(approvals: Approval[], count: number): Approval[] {
  return Array.from({ length: count }, (_, index) => {
    const one = approvals[index % approvals.length]!;
    return { ...one, id: `${one.id}-${index}`, title: `${one.title} (${index + 1})` };
  });
}

function lines(now: number, count: number): LogLine[] {
  const kinds: [string, string, string][] = [
    ["info", "bridge::installation", "connected to the gateway version=2026.9.6"],
    ["debug", "sap::socket", "heartbeat answered after_ms=38"],
    ["info", "bridge::engine", "turn ended session=7f3a chunks=41"],
    ["warn", "openclaw::link", "the gateway is slow to answer; it is asked again waited_ms=5000"],
    ["error", "sap::rest", "sending failed and will be tried again status=503 next_in_ms=4000"],
  ];
  return Array.from({ length: count }, (_, index) => {
    const [level, from, text] = kinds[(index * 7 + (index >> 3)) % kinds.length]!;
    return { at_ms: now - (count - index) * 900, level, from, text: `${text} n=${index}` };
  });
}

/** Something that looks like a QR code; nothing is read from it. */
function checkered(size: number): string {
  let path = "";
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      if ((x * x * 7 + y * 13 + x * y * 5) % 11 < 5) path += `M${x} ${y}h1v1h-1z`;
    }
  }
  return path;
}
