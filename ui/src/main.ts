import "./styles/index.css";

import { tauriProgram } from "./bridge";
import { run } from "./run";

// A web view's menu offers Reload and Back; only its Copy and Paste belong in this window.
document.addEventListener("contextmenu", (event) => {
  const isField = event.target instanceof HTMLInputElement;
  const hasSelection = document.getSelection()?.isCollapsed === false;
  if (!isField && !hasSelection) event.preventDefault();
});

const root = document.getElementById("app");
if (root !== null) run(tauriProgram, root);
