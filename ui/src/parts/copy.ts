// The clipboard.

/** Puts a text on the clipboard, and says whether that worked. Needs a person's click or key. */
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copySelected(text);
  }
}

// Web views without the clipboard interface still copy what is selected.
function copySelected(text: string): boolean {
  const field = document.createElement("textarea");
  field.className = "aloud";
  field.value = text;
  document.body.append(field);
  const before = document.activeElement;
  field.select();
  const worked = document.execCommand("copy");
  field.remove();
  if (before instanceof HTMLElement) before.focus();
  return worked;
}
