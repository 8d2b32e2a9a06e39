// The state of a task: a colour, a sign and a word.
import { html } from "../html.js";
import { stateOf } from "../words.js";

const SIGNS = {
  pending: "○",
  running: "◐",
  waiting: "◔",
  queued: "≡",
  paused: "‖",
  success: "✓",
  failed: "✕",
  aborted: "⊘",
};

export const Status = ({ task }) => html`<${State} name=${stateOf(task)} />`;

export const State = ({ name }) => html`
  <span class=${`state state-${name}`}>
    <span class="sign" aria-hidden="true">${SIGNS[name] ?? "·"}</span>${name}
  </span>
`;
