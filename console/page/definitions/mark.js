// A sign, a word, and the colour of a state: for what is no state of a task.
import { html } from "../html.js";

//   look: the state whose colour it has
export const Mark = ({ look, sign, children }) => html`
  <span class=${`state state-${look}`}>
    <span class="sign" aria-hidden="true">${sign}</span>${children}
  </span>
`;
