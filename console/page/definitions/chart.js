// The tasks of a definition in the last day, as a bar whose parts are its statuses.
import { html } from "../html.js";
import { State } from "../parts/status.js";
import { number } from "../words.js";
import { countWords, failedShare, partsOf, totalOf } from "./counts.js";
import { DAY, tasksHref } from "./task_links.js";

export const CountsChart = ({ id, counts, tenant }) => {
  const share = failedShare(counts);
  return html`
    <div class="counts">
      <div class="counts-bar" role="img" aria-label=${countWords(counts)}>
        ${partsOf(counts).map(
          ({ status, share }) => html`
            <span key=${status} class=${`part part-${status}`} style=${{ flexGrow: share }}></span>
          `,
        )}
      </div>
      ${
        totalOf(counts) === 0
          ? html`<p class="quiet">${countWords(counts)}</p>`
          : html`
            <ul class="counts-words">
              ${partsOf(counts).map(
                ({ status, count }) => html`
                  <li key=${status}>
                    <a
                      href=${tasksHref({ definition: id, status, since: DAY }, tenant)}
                      aria-label=${`${number(count)} ${status} in the last day, of ${id}`}
                    >
                      ${counts.isCapped ? "at least " : ""}${number(count)}
                    </a>
                    <${State} name=${status} />
                    ${
                      status === "failed" &&
                      share &&
                      html`<span class="quiet">${share} of those over</span>`
                    }
                  </li>
                `,
              )}
            </ul>
          `
      }
    </div>
  `;
};
