// Recorded views of who may use a gateway.

import type { Access, Device, SendersStanding, View } from "../generated";
import type { Fixture } from "./fixtures";
import { checkered, connectedView, DAY, HOUR, MINUTE, severalView } from "./overviews";
import { foreign, SCOPES, usual } from "./requests";

/** The states of devices and senders, at a moment. */
export function accesses(now: number): Record<string, Fixture> {
  const connected = connectedView(now);
  const off: View = { ...connected, settings: { ...connected.settings, access: "off" } };
  const asked = usual(now);
  const withAccess = (change: Partial<Access>): View => ({
    ...connected,
    access: [{ ...access(now), ...change }],
  });
  const ready: Access["setup"] = {
    state: "ready",
    code: "eyJ1cmwiOiJ3czovLzE5Mi4xNjguMS4yMzoxODc4OSIsImJvb3RzdHJhcFRva2VuIjoiZXhhbXBsZS1vbmx5LW5vdC1hLXNlY3JldCIsImV4cGlyZXNBdE1zIjoxfQ",
    qr_path: checkered(57),
    qr_size: 57,
    level: "limited",
    expires_at_ms: now + 9.5 * MINUTE,
  };
  const down: Access["standing"] = {
    state: "down",
    problem: {
      what: "OpenClaw does not let this app ask: its shared token is not known here.",
      remedy: "Set the token in OpenClaw's configuration, or start Sophon Desktop as the same user.",
    },
  };
  return {
    "devices-off": { view: off, tab: "devices" },
    "devices-nobody": { view: connected, tab: "devices" },
    "devices-connecting": {
      view: withAccess({ standing: { state: "connecting" }, devices: null }),
      tab: "devices",
    },
    "devices-down": { view: withAccess({ standing: down, devices: null }), tab: "devices" },
    "devices-down-known": { view: withAccess({ standing: down }), tab: "devices" },
    "devices-none": { view: withAccess({ devices: [] }), tab: "devices" },
    devices: { view: { ...withAccess({}), pending: asked }, tab: "devices" },
    "devices-list": { view: withAccess({ unreadable: 2 }), tab: "devices" },
    "devices-details": {
      view: withAccess({ devices: access(now).devices!.slice(1, 2) }),
      tab: "devices",
      pressed: ["Rights and changes"],
    },
    "devices-own": {
      view: withAccess({ devices: access(now).devices!.slice(0, 1) }),
      tab: "devices",
      pressed: ["Rights and changes"],
    },
    "devices-remove": {
      view: withAccess({ devices: access(now).devices!.slice(1, 2) }),
      tab: "devices",
      pressed: ["Rights and changes", "Remove…"],
    },
    "devices-rename": {
      view: withAccess({ devices: access(now).devices!.slice(1, 2) }),
      tab: "devices",
      pressed: ["Rights and changes", "Rename…"],
    },
    "devices-changing": {
      view: withAccess({
        devices: access(now).devices!.slice(1, 2).map((one) => ({ ...one, is_changing: true })),
      }),
      tab: "devices",
      pressed: ["Rights and changes"],
    },
    "devices-500": {
      view: withAccess({
        devices: Array.from({ length: 500 }, (_, index) => ({
          ...access(now).devices![1]!,
          id: `device-${index}`,
          label: foreign(`Test phone ${index + 1}`),
        })),
      }),
      tab: "devices",
    },
    "devices-news": {
      view: withAccess({
        news: {
          what: "The device could not be removed: OpenClaw does not know it any more.",
          remedy: "It was probably removed elsewhere. The list is up to date now.",
        },
      }),
      tab: "devices",
    },
    "devices-several": {
      view: {
        ...severalView(now),
        access: [
          access(now),
          { ...access(now), slot: 1, standing: down, devices: null, can_set_up: false },
          { ...access(now), slot: 4, can_rename: false, can_set_up: false },
        ],
      },
      tab: "devices",
    },
    "setup-ask": {
      view: withAccess({ devices: [] }),
      tab: "devices",
      pressed: ["Set up a phone"],
    },
    "setup-making": { view: withAccess({ devices: [], setup: { state: "making" } }), tab: "devices" },
    "setup-ready": { view: withAccess({ devices: [], setup: ready }), tab: "devices" },
    "setup-code": {
      view: withAccess({ devices: [], setup: ready }),
      tab: "devices",
      pressed: ["The code as text"],
    },
    "setup-over": {
      view: withAccess({
        devices: [],
        setup: { state: "over", what: "A phone joined with the code: “Grace's iPhone”." },
      }),
      tab: "devices",
    },
    "senders-off": { view: off, tab: "senders" },
    senders: {
      view: { ...withAccess({}), pending: asked.filter((one) => one.subject.kind === "sender") },
      tab: "senders",
    },
    "senders-none": { view: withAccess({}), tab: "senders" },
    "senders-no-accounts": {
      view: withAccess({ senders: { ...LISTED, accounts: [], unreadable: 1 } }),
      tab: "senders",
    },
    "senders-unknown": { view: withAccess({ senders: { state: "unknown" } }), tab: "senders" },
    "senders-not-offered": {
      view: withAccess({
        senders: { state: "not_offered", command: "openclaw pairing list telegram" },
      }),
      tab: "senders",
    },
    "senders-failed": {
      view: withAccess({
        senders: {
          state: "failed",
          problem: { what: "The senders could not be listed: the gateway did not answer in time.", remedy: null },
        },
      }),
      tab: "senders",
    },
  };
}

const LISTED: Extract<SendersStanding, { state: "listed" }> = {
  state: "listed",
  accounts: [
    {
      channel: "telegram",
      channel_name: foreign("Telegram"),
      account: "default",
      account_name: foreign("@adas_helper_bot"),
    },
    { channel: "signal", channel_name: null, account: "+43 660 0000000", account_name: null },
  ],
  most_pending: 3,
  unreadable: 0,
};

function access(now: number): Access {
  const own: Device = {
    id: "0c5ad1be47",
    label: null,
    name: foreign("Sophon Desktop 7f3a"),
    platform: foreign("linux"),
    program: foreign("gateway-client ui"),
    roles: [foreign("operator")],
    scopes: SCOPES.slice(0, 2),
    unlisted: 0,
    address: null,
    origin: null,
    approved_via: foreign("silent"),
    approved_at_ms: now - 9 * DAY,
    last_seen_at_ms: now,
    is_connected: true,
    tokens: [token(now, "operator")],
    node: null,
    is_own: true,
    is_changing: false,
  };
  return {
    slot: 0,
    standing: { state: "up" },
    devices: [
      own,
      {
        ...own,
        id: "3f1a9c0de47b5a61c2d8e90f14ab37c65d20e8f9b1746a3c0d5e82f7a9b4c613",
        label: foreign("Kitchen"),
        name: foreign("Grace's iPhone"),
        platform: foreign("iOS 19.2"),
        program: foreign("openclaw-ios ui"),
        roles: [foreign("operator"), foreign("node")],
        scopes: [...SCOPES],
        unlisted: 1,
        address: foreign("192.168.1.23"),
        origin: foreign("https://control.example.org"),
        approved_via: foreign("owner"),
        last_seen_at_ms: now - 3 * HOUR,
        is_connected: false,
        tokens: [
          token(now, "operator"),
          { ...token(now, "node"), rotated_at_ms: now - 2 * DAY },
          { ...token(now, "canvas"), revoked_at_ms: now - HOUR },
        ],
        node: {
          capabilities: [foreign("camera"), foreign("location")],
          commands: [foreign("camera.snap"), foreign("location.get")],
        },
        is_own: false,
      },
      {
        ...own,
        id: "77be",
        name: null,
        platform: null,
        program: null,
        roles: [],
        scopes: [],
        approved_via: null,
        approved_at_ms: null,
        last_seen_at_ms: null,
        is_connected: null,
        tokens: [],
        is_own: false,
      },
      {
        ...own,
        id: "a1\u202eb2",
        name: foreign("Control\nUI\u202e (approved)", 12),
        is_connected: true,
        is_own: false,
        is_changing: true,
      },
    ],
    unreadable: 0,
    can_rename: true,
    can_set_up: true,
    senders: LISTED,
    setup: null,
    news: null,
  };
}

function token(now: number, role: string): Device["tokens"][number] {
  return {
    role,
    scopes: SCOPES.slice(0, 2),
    created_at_ms: now - 9 * DAY,
    rotated_at_ms: null,
    revoked_at_ms: null,
    last_used_at_ms: now - 3 * HOUR,
  };
}
