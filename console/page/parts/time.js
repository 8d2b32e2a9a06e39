// A moment: how long ago, and exactly where one points at it.
import { html } from "../html.js";
import { ago, moment } from "../words.js";

export const Time = ({ value, now }) =>
  value ? html`<time datetime=${value} title=${moment(value)}>${ago(value, now)}</time>` : "";
