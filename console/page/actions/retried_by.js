// The link to the retry that there is of a task.
import { html } from "../html.js";
import { hrefTo } from "../route.js";

export const RetriedBy = ({ task, tenant }) =>
  html`<a class="id" href=${hrefTo("tasks", task.retriedBy, { tenant })}>${task.retriedBy}</a>`;
