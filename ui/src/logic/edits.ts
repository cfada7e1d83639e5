// Fields of an installation's settings that a person changed and has not saved.

import type { SeatSettings } from "../generated";

/** Fields that are typed and then saved. */
export type Field = keyof SeatSettings;

/** What was typed. */
export type Edits = Partial<Record<Field, string>>;

const FIELDS: readonly Field[] = ["name", "gateway_url", "openclaw_folder", "cloud_url"];

/** The text that a field shows. */
export function shown(settings: SeatSettings, edits: Edits, field: Field): string {
  return edits[field] ?? settings[field];
}

/** Whether there is something to save. */
export function isChanged(settings: SeatSettings, edits: Edits): boolean {
  return FIELDS.some((field) => shown(settings, edits, field).trim() !== settings[field]);
}

/** The settings as they are to be saved. */
export function edited(settings: SeatSettings, edits: Edits): SeatSettings {
  const result = { ...settings };
  for (const field of FIELDS) result[field] = shown(settings, edits, field).trim();
  return result;
}

/**
 * The edits that are left when the settings changed: those that were taken, perhaps in another
 * spelling, go; what a person typed in other fields stays.
 */
export function settle(edits: Edits, before: SeatSettings, after: SeatSettings): Edits {
  const rest: Edits = {};
  for (const field of FIELDS) {
    const edit = edits[field];
    if (edit === undefined || edit.trim() === after[field]) continue;
    if (before[field] === after[field]) rest[field] = edit;
  }
  return rest;
}
