import assert from "node:assert/strict";
import { test } from "node:test";

import type { ToldChat, ToldItem } from "../src/cloud.js";
import { UNREADABLE, reveal } from "../src/reveal.js";

/** Envelopes of a play: the kind of content, and the text. */
const open = async (session: string, kind: string, envelope: string) =>
  envelope.startsWith(`${session} ${kind} `) ? envelope.slice(`${session} ${kind} `.length) : null;

function chat(encrypted: boolean, items: ToldItem[]): ToldChat {
  const row = { id: "ses_1", installation: null, encrypted, busy: false, asks: false, ended: false };
  return { ...row, first: items[0] ?? null, last: items.at(-1) ?? null, items, busy_with: null };
}

async function revealed(items: ToldItem[]) {
  const told = { installations: [], sessions: [], chat: chat(true, items) };
  return (await reveal(told, open)).chat!;
}

test("an encrypted chat is shown as a plain one is", async () => {
  const shown = await revealed([
    { kind: "person", id: "1", text_ct: "ses_1 messages \nhello\nyou", files: [], delivered: true },
    { kind: "agent", id: "2", deltas_ct: ["ses_1 messages  a", "ses_1 messages b"], open: true },
    { kind: "agent", id: "3", text_ct: "ses_1 messages whole", open: false },
    {
      kind: "tool",
      id: "4",
      tool: "exec",
      status: "completed",
      label_ct: "ses_1 tasks Runs",
      args_ct: 'ses_1 tasks {"command":"ls"}',
      output_ct: 'ses_1 tasks "file"',
      error_ct: null,
    },
    {
      kind: "approval",
      id: "5",
      severity: "low",
      decided: null,
      details_ct: 'ses_1 approvals {"title":"Run ls","message":"Why","command":"ls","id":"9"}',
    },
  ]);
  const [person, bubble, whole, tool, approval] = shown.items as unknown as Record<string, string>[];
  assert.equal(person!["text"], "\nhello\nyou");
  assert.equal(bubble!["text"], "ab");
  assert.equal(whole!["text"], "whole");
  assert.equal(tool!["label"], "Runs");
  assert.equal(tool!["args"], '{\n  "command": "ls"\n}');
  assert.equal(tool!["output"], "file");
  assert.equal(tool!["error"], null);
  assert.equal(approval!["command"], "ls");
  assert.equal(approval!["host"], null);
  assert.equal(approval!["id"], "5", "what is in the envelope does not rename the card");
  assert.deepEqual([shown.title, shown.preview], ["hello", "Run ls"]);
});

test("what no key opens is said to be so", async () => {
  const shown = await revealed([
    { kind: "person", id: "1", text_ct: "x", files: [], delivered: true },
    { kind: "agent", id: "2", deltas_ct: ["ses_1 messages a", "x"], open: true },
    { kind: "approval", id: "5", severity: "low", decided: null, details_ct: "x" },
  ]);
  const [person, bubble, approval] = shown.items as unknown as Record<string, string>[];
  assert.equal(person!["text"], UNREADABLE);
  assert.equal(bubble!["text"], UNREADABLE);
  assert.equal(approval!["title"], UNREADABLE);
});

test("a plain chat is shown as it is told", async () => {
  const items: ToldItem[] = [{ kind: "agent", id: "2", text: "a", open: true }];
  const told = { ...chat(false, items), title: "T", preview: "P" };
  const shown = await reveal({ installations: [], sessions: [told], chat: told }, open);
  assert.deepEqual(shown.chat!.items, items);
  assert.deepEqual([shown.sessions[0]!.title, shown.sessions[0]!.preview], ["T", "P"]);
});
