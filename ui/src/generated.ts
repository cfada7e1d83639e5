// Generated from src-tauri/src/{view,request,messages}.rs and crates/control. Renewed by
// SOPHON_UPDATE_TYPES=1 cargo test -p sophon-desktop --lib generated_types

export type Access = { 
/**
 * Installation whose gateway it is.
 */
slot: Slot, 
/**
 * Whether the gateway can be asked.
 */
standing: Standing, 
/**
 * Its devices, connected and newest ones first; none before they were listed.
 */
devices: Array<Device> | null, 
/**
 * How many devices and requests cannot be understood.
 */
unreadable: number, 
/**
 * Whether devices can be renamed.
 */
can_rename: boolean, 
/**
 * Whether codes for a phone can be made.
 */
can_set_up: boolean, 
/**
 * What is known of senders.
 */
senders: SendersStanding, 
/**
 * A code for a phone, while it is shown.
 */
setup: Setup | null, 
/**
 * What the person asked for last and did not come about, or has more to it than they see.
 */
news: Problem | null, };

export type AccessMode = "off" | "shown" | "always";

export type AccountOfSenders = { 
/**
 * Messenger, such as `telegram`.
 */
channel: string, 
/**
 * Messenger's name.
 */
channel_name: Foreign | null, 
/**
 * Account's id.
 */
account: string, 
/**
 * Account's name.
 */
account_name: Foreign | null, };

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
 * What a plugin says about it.
 */
message: string | null, 
/**
 * The exact command, where one is to run; only the bridge's own secrets are hidden in it, with
 * a mark.
 */
command: string | null, 
/**
 * Program that the command would start, as the gateway found it.
 */
binary: string | null, 
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
 * Session that the agent asks in, as the gateway names it.
 */
session: string | null, 
/**
 * The gateway's own warnings.
 */
warnings: Array<string>, 
/**
 * What the gateway found out about the command, as sentence fragments.
 */
analysis: Array<string>, 
/**
 * How much is at stake.
 */
severity: Severity, 
/**
 * What `Allow always` leaves behind, as a sentence; only where it is offered.
 */
grant: string | null, };

export type Beat = { 
/**
 * When it came.
 */
heard_at_ms: number, 
/**
 * How long the last measured answer took, in milliseconds.
 */
round_trip_ms: number | null, };

export type By = "computer" | "phone" | "elsewhere";

export type Device = { 
/**
 * Fingerprint of its key.
 */
id: string, 
/**
 * Name that the gateway's owner gave it.
 */
label: Foreign | null, 
/**
 * Name that it gives itself.
 */
name: Foreign | null, 
/**
 * Platform that it names.
 */
platform: Foreign | null, 
/**
 * Program and mode that it names.
 */
program: Foreign | null, 
/**
 * Roles that it has.
 */
roles: Array<Foreign>, 
/**
 * Scopes that it has.
 */
scopes: Array<Scope>, 
/**
 * How many further roles, scopes, abilities and commands are not listed.
 */
unlisted: number, 
/**
 * Address that it came from, where it is not this computer.
 */
address: Foreign | null, 
/**
 * Web page that it came from.
 */
origin: Foreign | null, 
/**
 * How it was approved.
 */
approved_via: Foreign | null, 
/**
 * When it was last approved.
 */
approved_at_ms: number | null, 
/**
 * When it was last seen.
 */
last_seen_at_ms: number | null, 
/**
 * It is connected now, where the gateway says so.
 */
is_connected: boolean | null, 
/**
 * Its tokens, one a role.
 */
tokens: Array<Token>, 
/**
 * What agents may run on it, where it is a node.
 */
node: NodeOfDevice | null, 
/**
 * It is this program's own device: whatever is done to it, is done to this program.
 */
is_own: boolean, 
/**
 * Something is being done to it, and the gateway has not confirmed that.
 */
is_changing: boolean, };

export type DeviceAct = { "act": "rename", 
/**
 * The name: 1 to 64 characters.
 */
name: string, } | { "act": "remove" } | { "act": "remove_node" } | { "act": "rotate", 
/**
 * Role of the token.
 */
role: string, } | { "act": "revoke", 
/**
 * Role of the token.
 */
role: string, };

export type DeviceChange = { 
/**
 * Name under which it is known.
 */
known_as: Foreign | null, 
/**
 * Roles that it does not have.
 */
new_roles: Array<Foreign>, 
/**
 * Scopes that it does not have.
 */
new_scopes: Array<Scope>, 
/**
 * Roles that it had, and whose token was revoked.
 */
revoked_roles: Array<Foreign>, 
/**
 * It names another name, platform or program than before.
 */
is_introduced_anew: boolean, };

export type DeviceRequest = { 
/**
 * Fingerprint of its key, which is proven.
 */
device: string, 
/**
 * Name that it gives itself.
 */
name: Foreign | null, 
/**
 * Platform that it names.
 */
platform: Foreign | null, 
/**
 * Program and mode that it names, such as `openclaw-ios ui`.
 */
program: Foreign | null, 
/**
 * Roles that it asks for.
 */
roles: Array<Foreign>, 
/**
 * Scopes that it asks for.
 */
scopes: Array<Scope>, 
/**
 * How many further roles and scopes are not listed.
 */
unlisted: number, 
/**
 * Address that it came from, where it is not this computer.
 */
address: Foreign | null, 
/**
 * Web page that it came from.
 */
origin: Foreign | null, 
/**
 * What would be different, where the device is known.
 */
change: DeviceChange | null, 
/**
 * It is this program's own device.
 */
is_own: boolean, 
/**
 * How much is at stake: `Critical` where it could administer the gateway.
 */
severity: Severity, };

export type Foreign = { 
/**
 * What was kept of it.
 */
text: string, 
/**
 * How many characters were cut off at its end.
 */
missing: number, };

export type FromWindow = { "message": "shown" } | { "message": "at", 
/**
 * Which one.
 */
page: Page, } | { "message": "wish", 
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

export type NodeOfDevice = { 
/**
 * Abilities that it names.
 */
capabilities: Array<Foreign>, 
/**
 * Commands that agents may run on it.
 */
commands: Array<Foreign>, };

export type NodeRequest = { 
/**
 * Id of the device.
 */
device: string, 
/**
 * Name that it gives itself.
 */
name: Foreign | null, 
/**
 * Platform that it names.
 */
platform: Foreign | null, 
/**
 * Abilities that it names.
 */
capabilities: Array<Foreign>, 
/**
 * Commands that agents could run on it.
 */
commands: Array<Foreign>, 
/**
 * Permissions that it says it has on its own system.
 */
permissions: Array<Foreign>, 
/**
 * How many further abilities, commands and permissions are not listed.
 */
unlisted: number, 
/**
 * Address that it came from, where it is not this computer.
 */
address: Foreign | null, 
/**
 * How much is at stake: `High` where agents could run programs on it.
 */
severity: Severity, };

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

export type Outcome = { "outcome": "allowed", 
/**
 * Whether for good (approvals).
 */
always: boolean, 
/**
 * By whom.
 */
by: By, } | { "outcome": "denied", 
/**
 * By whom.
 */
by: By, } | { "outcome": "decided" } | { "outcome": "expired" } | { "outcome": "gone" } | { "outcome": "failed", 
/**
 * Why, as a sentence fragment.
 */
why: string, };

export type Page = "overview" | "requests" | "devices" | "senders" | "logs" | "settings" | "about";

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

export type PastRequest = { 
/**
 * Names it on this computer, as it did while it waited.
 */
key: string, 
/**
 * Installation that it came through.
 */
slot: Slot, 
/**
 * What kind of request it was.
 */
kind: RequestKind, 
/**
 * What it was about, in at most 300 characters.
 */
what: string, 
/**
 * When it came to its end.
 */
ended_at_ms: number, 
/**
 * How it came to its end.
 */
outcome: Outcome, };

export type Pending = { 
/**
 * Names it on this computer: `approval:…`, `device:…`, `node:…` or `sender:…`.
 */
key: string, 
/**
 * Installation that it came through.
 */
slot: Slot, 
/**
 * Since when it waits, where that is known.
 */
asked_at_ms: number | null, 
/**
 * When it ends by itself, where it does.
 */
expires_at_ms: number | null, 
/**
 * Answers that can be given.
 */
offers: Array<Verdict>, 
/**
 * The answer that was given here and that the gateway has not confirmed.
 */
deciding: Verdict | null, 
/**
 * Digest of what a person judges of it: another one where it has changed under its key.
 */
seen: string, 
/**
 * What is asked.
 */
subject: Subject, };

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
 * The installation.
 */
slot: Slot, 
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
 * Installation whose settings were not taken; none: those of the program.
 */
slot: Slot | null, 
/**
 * Field of [`Settings`] or [`SeatSettings`] that is wrong.
 */
field: string, 
/**
 * Why, as a sentence.
 */
why: string, };

export type Request = { "request": "pair", 
/**
 * Which one; none: another one than there are.
 */
slot: Slot | null, } | { "request": "take_over", 
/**
 * Which one goes on with it.
 */
slot: Slot, 
/**
 * Whether to delete the npm bridge's files once their content is stored and read back.
 */
delete_files: boolean, } | { "request": "cancel_pairing", 
/**
 * Which one.
 */
slot: Slot, } | { "request": "copy_link", 
/**
 * Which one's.
 */
slot: Slot, } | { "request": "decide", 
/**
 * Key of the request.
 */
key: string, 
/**
 * The answer.
 */
verdict: Verdict, 
/**
 * Whether to tell a person who is let in (senders).
 */
notify: boolean, 
/**
 * Digest of the request that the person was shown.
 */
seen: string, } | { "request": "device", 
/**
 * Installation whose gateway it is.
 */
slot: Slot, 
/**
 * Fingerprint of its key.
 */
device: string, 
/**
 * What to do.
 */
act: DeviceAct, } | { "request": "set_up", 
/**
 * Installation whose gateway the phone is to use.
 */
slot: Slot, 
/**
 * What the phone is to be allowed.
 */
level: SetupLevel, } | { "request": "hide_setup", 
/**
 * Installation whose code it is.
 */
slot: Slot, } | { "request": "dismiss_news", 
/**
 * Installation that it is about.
 */
slot: Slot, } | { "request": "open", 
/**
 * Page to show; none: the one that was shown last.
 */
page: Page | null, } | { "request": "show", 
/**
 * Key of the request.
 */
key: string, } | { "request": "pause", 
/**
 * Which one.
 */
slot: Slot, } | { "request": "resume", 
/**
 * Which one.
 */
slot: Slot, } | { "request": "retry_now" } | { "request": "save", 
/**
 * All of them.
 */
settings: Settings, } | { "request": "save_seat", 
/**
 * Which one's.
 */
slot: Slot, 
/**
 * All of them.
 */
settings: SeatSettings, } | { "request": "start_at_login", 
/**
 * Whether to.
 */
on: boolean, } | { "request": "unpair", 
/**
 * Which one.
 */
slot: Slot, } | { "request": "open_log_folder" } | { "request": "quit" };

export type RequestKind = "approval" | "device" | "node" | "sender";

export type Scope = { 
/**
 * Its name.
 */
name: Foreign, 
/**
 * What whoever has it can do, as a sentence fragment; none where the name is not known.
 */
meaning: string | null, };

export type Seat = { 
/**
 * Its number, which never changes.
 */
slot: Slot, 
/**
 * How it stands with Sophon.
 */
standing: Installation, 
/**
 * What the person chose for it.
 */
settings: SeatSettings, 
/**
 * When it was paired, where that is known: its token is as old.
 */
paired_at_ms: number | null, };

export type SeatSettings = { 
/**
 * Its name on this computer, and on the phone from the next pairing on.
 */
name: string, 
/**
 * Address of the gateway; empty: as OpenClaw's own configuration says.
 */
gateway_url: string, 
/**
 * Folder of OpenClaw's configuration; empty: the usual one.
 */
openclaw_folder: string, 
/**
 * Address of Sophon Cloud; empty: the usual one.
 */
cloud_url: string, };

export type SenderRequest = { 
/**
 * Messenger, such as `telegram`.
 */
channel: string, 
/**
 * Messenger's name.
 */
channel_name: Foreign | null, 
/**
 * Account that was written to.
 */
account: string, 
/**
 * Account's name.
 */
account_name: Foreign | null, 
/**
 * Who wrote, as the messenger numbers people.
 */
sender: Foreign, 
/**
 * What the messenger tells of the person: names and values.
 */
details: Array<[Foreign, Foreign]>, 
/**
 * How many details were left out.
 */
unlisted: number, 
/**
 * When the person last wrote.
 */
last_seen_at_ms: number | null, 
/**
 * The person can be told that they were approved.
 */
can_notify: boolean, };

export type SendersStanding = { "state": "unknown" } | { "state": "not_offered", 
/**
 * What to type on its computer instead.
 */
command: string, } | { "state": "failed", 
/**
 * Why, and what to do now.
 */
problem: Problem, } | { "state": "listed", 
/**
 * Accounts that let unknown people ask.
 */
accounts: Array<AccountOfSenders>, 
/**
 * How many requests an account keeps; further people are ignored without a word.
 */
most_pending: number | null, 
/**
 * How many cannot be understood.
 */
unreadable: number, };

export type Settings = { 
/**
 * Whether the program starts, hidden, when the person logs in.
 */
start_at_login: boolean, 
/**
 * Whether notifications are shown.
 */
notifications: boolean, 
/**
 * When the gateway is asked who wants to join it.
 */
access: AccessMode, };

export type Setup = { "state": "making" } | { "state": "ready", 
/**
 * The code.
 */
code: string, 
/**
 * The code as a QR code: an SVG path in a square of `qr_size` units.
 */
qr_path: string, 
/**
 * Side of the QR code, in units of its path.
 */
qr_size: number, 
/**
 * What the phone will be allowed.
 */
level: SetupLevel, 
/**
 * When it becomes void.
 */
expires_at_ms: number | null, } | { "state": "over", 
/**
 * What became of it, as a sentence.
 */
what: string, };

export type SetupLevel = "full" | "limited" | "node";

export type Severity = "low" | "medium" | "high" | "critical";

export type Slot = number;

export type Standing = { "state": "off" } | { "state": "connecting" } | { "state": "up" } | { "state": "down", 
/**
 * Why, and what to do now.
 */
problem: Problem, };

export type Subject = { "kind": "approval" } & Approval | { "kind": "device" } & DeviceRequest | { "kind": "node" } & NodeRequest | { "kind": "sender" } & SenderRequest;

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
 * When the sides of each installation at work were heard.
 */
pulses: Array<Pulse>, } | { "message": "log", 
/**
 * The lines.
 */
lines: Array<LogLine>, } | { "message": "show", 
/**
 * Page to show; none: stay where you are.
 */
page: Page | null, 
/**
 * Key of the request to scroll to.
 */
key: string | null, };

export type Token = { 
/**
 * Role that it signs in for.
 */
role: string, 
/**
 * Scopes that it carries.
 */
scopes: Array<Scope>, 
/**
 * When the first one was issued.
 */
created_at_ms: number | null, 
/**
 * When it last became another one.
 */
rotated_at_ms: number | null, 
/**
 * When it was revoked.
 */
revoked_at_ms: number | null, 
/**
 * When somebody last signed in with it.
 */
last_used_at_ms: number | null, };

export type TrayHost = { "state": "shown" } | { "state": "missing" } | { "state": "off" };

export type Verdict = "allow_once" | "allow_always" | "allow" | "deny";

export type View = { 
/**
 * Version of this program.
 */
version: string, 
/**
 * Installations of this computer, oldest first; never empty: the only one may be unpaired.
 */
installations: Array<Seat>, 
/**
 * Requests that wait for a decision, oldest first, of all installations.
 */
pending: Array<Pending>, 
/**
 * What was decided, newest first, at most 200; only while a window is open.
 */
history: Array<PastRequest>, 
/**
 * Who may use the gateways: an entry for each that is asked, only while a window is open.
 */
access: Array<Access>, 
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
