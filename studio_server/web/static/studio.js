// The photographer's pages work without this file; with it they fill by themselves.
import { startLive } from "./client/live.js";
import { startBrush } from "./studio/brush.js";
import { startBringing } from "./studio/bring.js";
import { startPlates } from "./studio/plates.js";
import { startViewer } from "./studio/viewer.js";

const nothingUnsent = { quiet: () => true, count: () => 0, onQuiet: () => {} };
startLive(nothingUnsent);
startViewer();
startPlates();
startBringing();
startBrush();

for (const link of document.querySelectorAll(".s-url a")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "s-button s-small";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    if (!navigator.clipboard) return select(link); // plain http has no clipboard: the text is selected instead
    await navigator.clipboard.writeText(link.href);
    button.textContent = "Copied";
  });
  link.after(" ", button);
}

function select(node) {
  const range = document.createRange();
  range.selectNodeContents(node);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
}
