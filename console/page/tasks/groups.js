// The failed tasks of the filter by the code of their error.
import { html } from "../html.js";
import { useLive, useNow } from "../live.js";
import { Failed, Loading, Stale } from "../parts/notices.js";
import { Time } from "../parts/time.js";
import { moment, number, plural } from "../words.js";
import { changed, paramsOf } from "./filter.js";
import { counted, groupsOf, numberOf } from "./grouping.js";
import { countByCode, listFailed } from "./questions.js";
import { wordsOf } from "./said.js";
import { whereOf } from "./where.js";

// href: (filter) => the link to the list of a filter; taskHref: (id) => that to a task
export const Groups = ({ filter, tenant, href, taskHref }) => {
  const now = useNow(15_000);
  const failed = changed(filter, { statuses: ["failed"] });
  // It takes many requests: it is done once, and again only when somebody wants it.
  const { data, failure, isStale, refresh } = useLive(
    (signal) => loaded(failed, { tenant, signal }),
    JSON.stringify([paramsOf(failed), tenant]),
    { isOver: () => true },
  );
  if (failure && !isStale) return html`<${Failed} failure=${failure} />`;
  if (!data) return html`<${Loading} what="the failed tasks" />`;
  const { groups, tasks, isWhole, at } = data;
  return html`
    ${isStale && html`<${Stale} failure=${failure} />`}
    <div class="row between">
      <p class="group-words" role="status">${explained(failed, tasks, isWhole, groups)}</p>
      <span class="row">
        <span class="quiet">As of ${moment(at)}</span>
        <button type="button" class="small" onClick=${refresh}>Look again</button>
      </span>
    </div>
    ${
      groups.length > 0 &&
      html`
      <table class="table groups">
        <caption class="unseen">Failed tasks by the code of their error</caption>
        <thead>
          <tr>
            <th scope="col">Error code</th>
            <th scope="col" class="number">Failed</th>
            <th scope="col">By definition</th>
            <th scope="col">The newest</th>
          </tr>
        </thead>
        <tbody>
          ${groups.map(
            (group) => html`
              <tr key=${group.code}>
                <th scope="row"><${Code} ...${{ group, failed, href }} /></th>
                <td class="number" data-label="Failed">${countWords(group, isWhole)}</td>
                <td data-label="By definition"><${Within} ...${{ group, failed, href, isWhole }} /></td>
                <td data-label="The newest">
                  <span>
                    <a class="newest" href=${taskHref(group.newest.id)}
                      ><bdi>${group.newest.name || group.newest.definitionId}</bdi></a
                    >${" "}<${Time} value=${group.newest.finishedOn} now=${now} />
                  </span>
                </td>
              </tr>
            `,
          )}
        </tbody>
      </table>
    `
    }
  `;
};

const Code = ({ group, failed, href }) =>
  group.code == null
    ? "No code"
    : html`<a class="error-code" href=${href(changed(failed, { errors: [group.code] }))}
        ><bdi>${group.code}</bdi></a
      >`;

const Within = ({ group, failed, href, isWhole }) => html`
  <ul class="plain">
    ${group.definitions.map(({ id, count }) => {
      const errors = group.code == null ? [] : [group.code];
      const own = changed(failed, { errors, definitions: [id] });
      return html`<li key=${id}>
        <a href=${href(own)}>${id}</a> <span class="quiet">${isWhole ? "" : "≥ "}${number(count)}</span>
      </li>`;
    })}
  </ul>
`;

const countWords = (group, isWhole) => {
  const isExact = isWhole || (group.total && !group.total.isCapped);
  return `${isExact ? "" : "≥ "}${number(numberOf(group))}`;
};

const explained = (failed, tasks, isWhole, groups) => {
  if (tasks.length === 0 && isWhole) return `There are no ${wordsOf(failed)}.`;
  if (isWhole) {
    return `All ${plural(tasks.length, "failed task")} of the filter, in ${plural(groups.length, "group")}.`;
  }
  return (
    `The codes are those of the newest ${plural(tasks.length, "failed task")} of the filter; how many` +
    " failed with each is counted of all of them. A count with ≥ is the least there can be."
  );
};

const loaded = async (failed, options) => {
  const where = whereOf(failed);
  const { tasks, isWhole } = await listFailed(where, options);
  const groups = groupsOf(tasks);
  const at = new Date().toISOString();
  if (isWhole) return { groups, tasks, isWhole, at };
  const codes = groups.map(({ code }) => code).filter((code) => code != null);
  return { groups: counted(groups, await countByCode(where, codes, options)), tasks, isWhole, at };
};
