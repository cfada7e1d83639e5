// How one thing in a chat looks.
import { element } from "./elements.js";
import type { Item } from "./reveal.js";

/** What stands in the chat: its items, and what became of the last one. */
export type Line = Item | { kind: "empty" | "fate"; id: string; text: string };

/** Tool cards that the person unfolded. */
const unfolded = new Set<string>();
/** Draws one line of the chat. */
export function view(item: Line): HTMLElement {
  switch (item.kind) {
    case "empty":
    case "fate": {
      return element("li", { className: item.kind, textContent: item.text });
    }
    case "person": {
      const files = item.files.map((name) => `📎 ${name}`);
      const text = [...files, item.text].filter((line) => line !== "").join("\n");
      return element("li", { className: "person", textContent: text });
    }
    case "agent": {
      const className = item.open ? "agent open" : "agent";
      return element("li", { className, textContent: item.text });
    }
    case "tool": {
      const card = element(
        "details",
        { open: unfolded.has(item.id) },
        element(
          "summary",
          {},
          element("b", { textContent: item.tool }),
          element("span", { textContent: item.label ?? "" }),
          element("i", { className: `state ${item.status}`, textContent: item.status }),
        ),
        part("Input", item.args),
        part("Output", item.output),
        part("Error", item.error, "error"),
      );
      card.addEventListener("toggle", () => {
        if (card.open) unfolded.add(item.id);
        else unfolded.delete(item.id);
      });
      return element("li", { className: "tool" }, card);
    }
    case "approval": {
      const [state, decision] = DECIDED[item.decided ?? ""] ?? ["waiting", "Waiting for you"];
      const review = element("button", { textContent: "Review", hidden: item.decided !== null });
      review.dataset["review"] = item.id;
      return element(
        "li",
        { className: "approval" },
        element("b", { textContent: item.title }),
        element("i", { className: `state ${state}`, textContent: decision }),
        review,
      );
    }
  }
}

const DECIDED: Record<string, [state: string, text: string]> = {
  approve: ["allowed", "Allowed once"],
  approve_always: ["allowed", "Always allowed"],
  deny: ["denied", "Denied"],
};

function part(label: string, text: string | null, className = ""): HTMLElement | null {
  if (text === null || text === "") return null;
  return element("div", {}, label, element("pre", { className, textContent: text }));
}
