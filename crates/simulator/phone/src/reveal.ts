// Opens encrypted chats, so that they are shown as plain ones are.
import type { Told, ToldChat, ToldItem, ToldRow } from "./cloud.js";

export interface Phone extends Omit<Told, "sessions" | "chat"> {
  sessions: Row[];
  chat: Chat | null;
}

export interface Row extends Omit<ToldRow, "title" | "preview" | "first" | "last"> {
  title: string;
  preview: string;
}

export interface Chat extends Row {
  items: Item[];
  busy_with: string | null;
}

export type Item = Person | Agent | Tool | Approval;

export interface Person {
  kind: "person";
  id: string;
  text: string;
  files: string[];
  delivered: boolean;
}

export interface Agent {
  kind: "agent";
  id: string;
  text: string;
  open: boolean;
}

export interface Tool {
  kind: "tool";
  id: string;
  tool: string;
  label: string | null;
  status: string;
  args: string | null;
  output: string | null;
  error: string | null;
}

export interface Approval {
  kind: "approval";
  id: string;
  title: string;
  message: string;
  command: string | null;
  host: string | null;
  severity: string;
  decided: string | null;
}

/** Opens an envelope of a session; null where there is no key for it. */
export type Open = (session: string, kind: string, envelope: string) => Promise<string | null>;

export const UNREADABLE = "This phone has no key for this.";

/** Longest preview of a chat in the list, in characters. */
const PREVIEW = 80;

export async function reveal(told: Told, open: Open): Promise<Phone> {
  const sessions = await Promise.all(told.sessions.map((session) => revealRow(session, open)));
  return { ...told, sessions, chat: told.chat && (await revealChat(told.chat, open)) };
}

async function revealChat(told: ToldChat, open: Open): Promise<Chat> {
  const row = await revealRow(told, open);
  const items = told.items.map((item) => revealItem(told, item, open));
  return { ...row, items: await Promise.all(items), busy_with: told.busy_with };
}

async function revealRow({ first, last, ...told }: ToldRow, open: Open): Promise<Row> {
  const { title = "New chat", preview = "", ...row } = told;
  if (!row.encrypted) return { ...row, title, preview };
  const begins = first ? await revealItem(row, first, open) : null;
  const stands = last ? await revealItem(row, last, open) : null;
  return { ...row, title: lineOf(begins) || "New chat", preview: lineOf(stands) };
}

function lineOf(item: Item | null): string {
  if (item === null) return "";
  const text = item.kind === "tool" ? item.tool : item.kind === "approval" ? item.title : item.text;
  const lines = text.split("\n").map((line) => line.trim());
  return (lines.find((line) => line !== "") ?? "").slice(0, PREVIEW);
}

async function revealItem(
  { id, encrypted }: Pick<ToldRow, "id" | "encrypted">,
  item: ToldItem,
  open: Open,
): Promise<Item> {
  if (!encrypted) return item as unknown as Item;
  const opened = async (kind: string, envelope: unknown): Promise<string | null> =>
    typeof envelope === "string" ? ((await open(id, kind, envelope)) ?? UNREADABLE) : null;
  switch (item.kind) {
    case "person": {
      return { ...item, text: (await opened("messages", item["text_ct"])) ?? "" } as Person;
    }
    case "agent": {
      const parts = (item["deltas_ct"] ?? [item["text_ct"]]) as unknown[];
      const texts = await Promise.all(parts.map((part) => opened("messages", part)));
      const text = texts.includes(UNREADABLE) ? UNREADABLE : texts.join("").trimStart();
      return { ...item, text } as Agent;
    }
    case "tool": {
      const [label, args, output, error] = await Promise.all(
        ["label_ct", "args_ct", "output_ct", "error_ct"].map((name) => opened("tasks", item[name])),
      );
      const readable = { label, args: pretty(args), output: pretty(output), error };
      return { ...item, ...readable } as Tool;
    }
    case "approval": {
      const none = { title: UNREADABLE, message: "", command: null, host: null };
      const details = object(await opened("approvals", item["details_ct"]));
      return { ...none, ...details, ...item } as unknown as Approval;
    }
  }
}

/** JSON as a person reads it: a text as it is, everything else with its lines. */
function pretty(json: string | null | undefined): string | null {
  if (json === null || json === undefined) return null;
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "string" ? value : JSON.stringify(value, null, 2);
  } catch {
    return json;
  }
}

function object(json: string | null): object {
  try {
    const value: unknown = JSON.parse(json ?? "");
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
