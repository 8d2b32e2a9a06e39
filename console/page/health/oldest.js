// The oldest open tasks, and what holds each up.
import { taskHref } from "../definitions/task_links.js";
import { html } from "../html.js";
import { Loading, Unanswered } from "../parts/notices.js";
import { Time } from "../parts/time.js";
import { plural } from "../words.js";
import { holdOf, isIdle, oldestOf } from "./open_tasks.js";
import { Section } from "./section.js";

export const Oldest = ({ live, tenant, now }) => {
  const { tasks = [], hasMore = false } = live.data ?? {};
  const counted = plural(tasks.length, "open task");
  const idle = tasks.filter((task) => isIdle(task, now));
  return html`
    <${Section} id="open" title="Oldest open tasks">
      <${Unanswered} live=${live} />
      ${live.isLoading && html`<${Loading} what="the open tasks" />`}
      ${
        live.data &&
        html`
        <p class="quiet">
          ${hasMore ? `The oldest ${counted} were looked at` : counted}.
          A wait, a queue, a pause or a start that is due later is no trouble.
        </p>
        ${["pending", "running"].map(
          (status) => html`
            <h3>${status === "pending" ? "Pending" : "Running"}</h3>
            <${List}
              status=${status}
              tasks=${oldestOf(tasks, status)}
              tenant=${tenant}
              now=${now}
            />
          `,
        )}
        ${
          idle.length > 0 &&
          html`
          <h3>Should have moved by now</h3>
          <${Rows} tasks=${idle.slice(0, 20)} tenant=${tenant} now=${now} />
          <p>
            Look at the log and the failures of the recovery, which should end them; then abort and
            retry them.
          </p>
        `
        }
      `
      }
    <//>
  `;
};

const List = ({ status, tasks, tenant, now }) =>
  tasks.length === 0
    ? html`<p class="quiet">None of them is ${status}.</p>`
    : html`<${Rows} tasks=${tasks} tenant=${tenant} now=${now} />`;

const Rows = ({ tasks, tenant, now }) => html`
  <ul class="oldest">
    ${tasks.map((task) => {
      const hold = holdOf(task, now);
      const isBad = isIdle(task, now);
      return html`
        <li key=${task.id}>
          <a href=${taskHref(task.id, tenant)}>
            <bdi>${task.name || task.definitionId}</bdi><span class="unseen"> ${task.id}</span>
          </a>
          <span><${Time} value=${task.createdOn} now=${now} /></span>
          <span class=${isBad ? "state state-failed" : "quiet"}>
            ${
              isBad
                ? html`<span class="sign" aria-hidden="true">✕</span>nothing holds it`
                : hold || "at work"
            }
          </span>
          ${task.problem && html`<span class="oldest-problem">${task.problem}</span>`}
        </li>
      `;
    })}
  </ul>
`;
