// Tasks that were ended from outside, by the code of their error.
import { Mark } from "../definitions/mark.js";
import { tasksHref } from "../definitions/task_links.js";
import { html } from "../html.js";
import { Loading, Unanswered } from "../parts/notices.js";
import { goTo, hrefTo } from "../route.js";
import { number } from "../words.js";
import { ENDINGS, PERIODS } from "./endings.js";
import { Section } from "./section.js";

const choose = (period, tenant) =>
  goTo(hrefTo("health", "", { period, tenant }), { replace: true });

export const Ended = ({ live, period, route, tenant }) => html`
  <${Section} id="ended" title="Tasks ended from outside">
    <p class="quiet">By the recovery, by a worker that died, or since their time was over.</p>
    <label class="row">
      <span>In the last</span>
      <select
        value=${period}
        onChange=${(event) => choose(event.target.value, route.params.get("tenant"))}
      >
        ${Object.entries(PERIODS).map(
          ([value, label]) => html`<option key=${value} value=${value}>${label}</option>`,
        )}
      </select>
    </label>
    <${Unanswered} live=${live} />
    ${live.isLoading && html`<${Loading} what="the counts" />`}
    ${live.data?.length === 0 && html`<${Mark} look="success" sign="✓">none<//>`}
    ${
      live.data?.length > 0 &&
      html`
      <ul class="ended">
        ${live.data.map(
          ({ code, count, isCapped }) => html`
            <li key=${code}>
              <a
                href=${tasksHref({ error: code, since: period }, tenant)}
                aria-label=${`${number(count)} with ${code}`}
                >${isCapped ? "at least " : ""}${number(count)}</a
              >
              <code>${code}</code> <span class="quiet">${ENDINGS[code]}</span>
            </li>
          `,
        )}
      </ul>
    `
    }
  <//>
`;
