// The versions of the code: what is deployed, and what ran the open tasks last.
import { html } from "../html.js";
import { Loading, Unanswered } from "../parts/notices.js";
import { Time } from "../parts/time.js";
import { number, plural } from "../words.js";
import { versionsOf } from "./open_tasks.js";
import { Section } from "./section.js";

export const Versions = ({ live, open, now }) => {
  const functions = live.data ?? [];
  const deployed = new Set(functions.map(({ codeVersion }) => codeVersion));
  return html`
    <${Section} id="versions" title="Versions deployed">
      <${Unanswered} live=${live}>
        <p class="quiet">
          Your own AWS credentials are asked: they need lambda:GetFunctionConfiguration.
        </p>
      <//>
      ${live.isLoading && html`<${Loading} what="the functions" />`}
      ${
        functions.length > 0 &&
        html`
        <table class="table">
          <caption class="unseen">The Lambdas of the stack</caption>
          <thead>
            <tr>
              <th scope="col">Function</th>
              <th scope="col">Code</th>
              <th scope="col">Deployed</th>
              <th scope="col">Memory</th>
              <th scope="col">Runtime</th>
            </tr>
          </thead>
          <tbody>
            ${functions.map((each) => html`<${Function} key=${each.name} of=${each} now=${now} />`)}
          </tbody>
        </table>
      `
      }
      ${
        open?.tasks.length > 0 &&
        html`
        <h3>Open tasks were last run by</h3>
        <ul class="versions">
          ${versionsOf(open.tasks).map(
            ({ version, count }) => html`
              <li key=${version}>
                ${version ? html`<code>${version}</code>` : "no version yet"}:${" "}
                ${plural(count, "task")}${" "}
                ${
                  version &&
                  deployed.size > 0 &&
                  html`<span class="tag">
                  ${deployed.has(version) ? "deployed now" : "an earlier version"}
                </span>`
                }
              </li>
            `,
          )}
        </ul>
        ${open.hasMore && html`<p class="quiet">Of the oldest ${number(open.tasks.length)}.</p>`}
      `
      }
    <//>
  `;
};

const Function = ({ of: found, now }) => html`
  <tr>
    <td data-label="Function">
      <span><b>${found.role}</b> <code class="quiet">${found.name}</code></span>
    </td>
    <td data-label="Code"><code>${found.codeVersion ?? "not known"}</code></td>
    <td data-label="Deployed"><${Time} value=${found.modifiedOn} now=${now} /></td>
    <td data-label="Memory"><span class="whole">${`${number(found.memoryMb)} MB`}</span></td>
    <td data-label="Runtime">
      <span>
        <span class="whole">${found.runtime}</span>${" "}
        <span class="quiet">${found.architecture}</span>
      </span>
    </td>
  </tr>
`;
