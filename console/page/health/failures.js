// The failures of the last day, by definition.
import { Counted } from "../definitions/counting.js";
import { allFailed, byFailures, failedShare } from "../definitions/counts.js";
import { DAY, tasksHref } from "../definitions/task_links.js";
import { html } from "../html.js";
import { Unanswered } from "../parts/notices.js";
import { number, plural } from "../words.js";
import { Section } from "./section.js";

const SHOWN = 10;

//   live: the counts of the definitions; its data is null while nobody has asked for them
export const Failures = ({ live, tenant, now }) => {
  const counted = live.data ?? [];
  const failing = byFailures(counted);
  const { failed, isCapped } = allFailed(counted);
  const most = failing[0]?.counts.failed ?? 1;
  return html`
    <${Section} id="failures" title="Failures of the last day">
      <${Unanswered} live=${live} />
      <p class="row quiet"><${Counted} counted=${live} now=${now} /></p>
      ${
        live.data &&
        html`
        <p>
          ${
            failed === 0
              ? html`<span class="quiet">
                ${isCapped ? "None of those that were counted." : "No task has failed."}
              </span>`
              : html`<a href=${tasksHref({ status: "failed", since: DAY }, tenant)}>
                ${isCapped ? "At least " : ""}${plural(failed, "failed task")}</a
              >, of ${plural(failing.length, "definition")}`
          }
        </p>
        <ul class="failing">
          ${failing.slice(0, SHOWN).map(
            ({ id, title, counts }) => html`
              <li key=${id}>
                <span class="failing-name">
                  <a href=${tasksHref({ definition: id, status: "failed", since: DAY }, tenant)}>
                    <bdi>${title || id}</bdi>
                  </a>
                </span>
                <span class="failing-bar" aria-hidden="true">
                  <span style=${{ width: `${(100 * counts.failed) / most}%` }}></span>
                </span>
                <span class="failing-number">
                  ${counts.isCapped ? "at least " : ""}${number(counts.failed)}
                  <span class="quiet"> · ${failedShare(counts)}</span>
                </span>
              </li>
            `,
          )}
        </ul>
        ${
          failing.length > SHOWN &&
          html`<p class="quiet">and ${plural(failing.length - SHOWN, "definition")} more</p>`
        }
      `
      }
    <//>
  `;
};
