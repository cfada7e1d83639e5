// Generated from src-tauri/src/{view,request,messages}.rs. Renewed by
// SOPHON_UPDATE_TYPES=1 cargo test -p sophon-desktop --lib generated_types

export type Approval = { 
/**
 * Id at the gateway.
 */
id: string, 
/**
 * What it is about, in a few words.
 */
title: string, 
/**
 * What the asker says about it.
 */
message: string | null, 
/**
 * The exact command, where one is to run.
 */
command: string | null, 
/**
 * Folder that the command runs in.
 */
folder: string | null, 
/**
 * Where the command runs: `gateway`, `node` or `sandbox`.
 */
host: string | null, 
/**
 * Agent that asks.
 */
agent: string | null, 
/**
 * Warnings of the gateway.
 */
warnings: Array<string>, 
/**
 * How much is at stake.
 */
severity: Severity, 
/**
 * Decisions that the gateway offers.
 */
offers: Array<Decision>, 
/**
 * When it was asked.
 */
asked_at_ms: number, 
/**
 * When the question ends by itself.
 */
expires_at_ms: number, 
/**
 * A decision that the gateway has not confirmed.
 */
deciding: Decision | null, };

export type Beat = { 
/**
 * When it came.
 */
heard_at_ms: number, 
/**
 * How long the last measured answer took, in milliseconds.
 */
round_trip_ms: number | null, };

export type Decision = "allow_once" | "allow_always" | "deny";

export type FromWindow = { "message": "shown" } | { "message": "wish", 
/**
 * What they want.
 */
request: Request, };

export type Identity = { 
/**
 * Id of the installation.
 */
id: string, 
/**
 * Name that the phone shows.
 */
name: string, 
/**
 * Cloud that it is paired with.
 */
cloud: string, 
/**
 * What it may do, as sentence fragments.
 */
may: Array<string>, };

export type Installation = { "state": "starting" } | { "state": "locked", 
/**
 * What happened, and what to do now.
 */
problem: Problem, } | { "state": "unpaired", 
/**
 * Why the last try to pair ended.
 */
problem: Problem | null, 
/**
 * A pairing of the npm bridge that can be gone on with.
 */
npm: NpmPairing | null, } | { "state": "pairing", 
/**
 * What they confirm; none until the cloud gave it.
 */
ticket: Ticket | null, 
/**
 * What holds it up, as a sentence.
 */
interrupted: string | null, } | { "state": "paired" } & Paired | { "state": "paused", 
/**
 * Name and rights of the installation.
 */
identity: Identity, } | { "state": "revoked", 
/**
 * Name and rights that the installation had.
 */
identity: Identity, };

export type Link = { "state": "connecting" } | { "state": "up", 
/**
 * Since when.
 */
since_ms: number, 
/**
 * Version of the other side, where it says so.
 */
version: string | null, } | { "state": "down", 
/**
 * What happened, and what to do now.
 */
problem: Problem, 
/**
 * When it is tried again; never where only a person can help.
 */
retry_at_ms: number | null, };

export type LogLine = { 
/**
 * When.
 */
at_ms: number, 
/**
 * `error`, `warn`, `info` or `debug`.
 */
level: string, 
/**
 * Part of the program that wrote it.
 */
from: string, 
/**
 * What happened.
 */
text: string, };

export type NpmPairing = { 
/**
 * Id of the installation.
 */
id: string, 
/**
 * Cloud that it is paired with.
 */
cloud: string, 
/**
 * Folder of the npm bridge's files.
 */
folder: string, };

export type Page = "overview" | "requests" | "logs" | "settings" | "about";

export type Paired = { 
/**
 * Name and rights of the installation.
 */
identity: Identity, 
/**
 * The connection to Sophon Cloud.
 */
cloud: Link, 
/**
 * The connection to OpenClaw.
 */
gateway: Link, 
/**
 * Version that OpenClaw said last.
 */
gateway_version: string | null, 
/**
 * Since when one side has been missing, if one is after both had been there.
 */
degraded_since_ms: number | null, 
/**
 * Sessions in which something happened today.
 */
sessions_today: number, 
/**
 * Turns that are being answered.
 */
running: number, 
/**
 * Turns that wait.
 */
queued: number, 
/**
 * Messages of encrypted chats that wait for the phone's key.
 */
locked: number, 
/**
 * Parts of answers that the cloud refused for good, since the bridge was started.
 */
undelivered: number, 
/**
 * Why nothing can be stored, and what to do now: until it can, nothing is carried.
 */
storage: Problem | null, };

export type Problem = { 
/**
 * What happened, as a sentence.
 */
what: string, 
/**
 * What a person can do now, as a sentence.
 */
remedy: string | null, };

export type Pulse = { 
/**
 * Sophon Cloud.
 */
cloud: Beat | null, 
/**
 * OpenClaw.
 */
gateway: Beat | null, };

export type RefusedSetting = { 
/**
 * Field of [`Settings`] that is wrong.
 */
field: string, 
/**
 * Why, as a sentence.
 */
why: string, };

export type Request = { "request": "pair" } | { "request": "take_over", 
/**
 * Whether to delete the npm bridge's files once their content is stored and read back.
 */
delete_files: boolean, } | { "request": "cancel_pairing" } | { "request": "copy_link" } | { "request": "decide", 
/**
 * Id of the approval.
 */
approval: string, 
/**
 * The answer.
 */
decision: Decision, } | { "request": "open", 
/**
 * Page to show; none: the one that was shown last.
 */
page: Page | null, } | { "request": "show", 
/**
 * Id of the approval.
 */
approval: string, } | { "request": "pause" } | { "request": "resume" } | { "request": "retry_now" } | { "request": "save", 
/**
 * All of them.
 */
settings: Settings, } | { "request": "start_at_login", 
/**
 * Whether to.
 */
on: boolean, } | { "request": "unpair" } | { "request": "open_log_folder" } | { "request": "quit" };

export type Settings = { 
/**
 * Name of this computer, as the phone shows it from the next pairing on.
 */
name: string, 
/**
 * Whether the program starts, hidden, when the person logs in.
 */
start_at_login: boolean, 
/**
 * Whether notifications are shown.
 */
notifications: boolean, 
/**
 * Address of the gateway; empty: as OpenClaw's own configuration says.
 */
gateway_url: string, 
/**
 * Address of Sophon Cloud; empty: the usual one.
 */
cloud_url: string, };

export type Severity = "low" | "medium" | "high" | "critical";

export type Ticket = { 
/**
 * Code to type on the phone.
 */
code: string, 
/**
 * Page to confirm on.
 */
url: string, 
/**
 * The page's address as a QR code: an SVG path in a square of `qr_size` units.
 */
qr_path: string, 
/**
 * Side of the QR code, in units of its path.
 */
qr_size: number, 
/**
 * When the code ends.
 */
expires_at_ms: number, };

export type ToWindow = { "message": "view", 
/**
 * All of it.
 */
view: View, } | { "message": "pulse", 
/**
 * When the sides were heard.
 */
pulse: Pulse, } | { "message": "log", 
/**
 * The lines.
 */
lines: Array<LogLine>, } | { "message": "show", 
/**
 * Page to show; none: stay where you are.
 */
page: Page | null, 
/**
 * Approval to scroll to.
 */
approval: string | null, };

export type TrayHost = { "state": "shown" } | { "state": "missing" } | { "state": "off" };

export type View = { 
/**
 * Version of this program.
 */
version: string, 
/**
 * How this computer stands with Sophon.
 */
installation: Installation, 
/**
 * Approvals that wait for a decision, oldest first.
 */
approvals: Array<Approval>, 
/**
 * What the person chose.
 */
settings: Settings, 
/**
 * Why the last change of the settings was not taken.
 */
refused: RefusedSetting | null, 
/**
 * Whether the tray icon is there.
 */
tray: TrayHost, 
/**
 * What a person should know about this start: where secrets are kept, for example.
 */
remarks: Array<string>, 
/**
 * Folder of the log files.
 */
log_folder: string, };
