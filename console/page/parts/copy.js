// Copies a text by a click, and says so.
import { html, useState } from "../html.js";

const SAID_MS = 1_500;

// What is in the clipboard afterwards is `text`, or what `text()` returns.
export const Copy = ({ text, label = "Copy" }) => {
  const [said, setSaid] = useState("");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(typeof text === "function" ? text() : text);
      setSaid("Copied");
    } catch {
      setSaid("The browser refuses to copy");
    }
    setTimeout(() => setSaid(""), SAID_MS);
  };
  return html`
    <button type="button" class="small" onClick=${copy}>${said || label}</button>
    <span class="unseen" role="status">${said}</span>
  `;
};
