// The relatives of a task: its parent, its children and theirs, and the tasks that it is a retry of.
import { html, useEffect, useState } from "../html.js";
import { ask, opened } from "../api.js";
import { useLive } from "../live.js";
import { Failed, Loading } from "../parts/notices.js";
import { State, Status } from "../parts/status.js";
import { Time } from "../parts/time.js";
import { hrefTo } from "../route.js";
import { STATUSES, isOpen, number, plural } from "../words.js";

const PORTION = 10;
const MOST_RETRIES = 20;
const FIELDS = `
  id name definitionId taskStatus createdOn finishedOn errorCode waitingUntil waitingFor pausedOn
  queuedOn startsOn retryOf retriedBy
`;
const TASK = `query ($id: ID!) { backgroundTasks {
  getTask(id: $id) { data { ${FIELDS} } error { message code data } }
} }`;
const COUNTS = `query ($id: String!) { backgroundTasks { ${STATUSES.map(
  (status) => `${status}: listTasks(where: { parentId: $id, taskStatus: "${status}" }, limit: 1) {
    meta { totalCount isTotalCountCapped } error { message code data }
  }`,
).join(" ")} } }`;
const CHILDREN = `query ($id: String!, $limit: Int, $after: String) { backgroundTasks {
  listTasks(where: { parentId: $id }, sort: [createdOn_ASC], limit: $limit, after: $after) {
    data { ${FIELDS} } meta { cursor hasMoreItems } error { message code data }
  }
} }`;

export const Family = ({ task, tenant }) => html`
  ${task.parentId && html`<h3>Parent</h3><${Relative} id=${task.parentId} tenant=${tenant} />`}
  ${(task.retryOf || task.retriedBy) && html`<${Retries} task=${task} tenant=${tenant} />`}
  <h3>Children</h3>
  <${Children} id=${task.id} tenant=${tenant} isLive=${isOpen(task)} isFirst />
`;

const find = async (id, tenant, signal) =>
  opened((await ask(TASK, { id }, { tenant, signal })).getTask).data;

const Relative = ({ id, tenant }) => {
  const live = useLive((signal) => find(id, tenant, signal), `task ${id} of ${tenant}`, {
    isOver: () => true,
  });
  if (live.data)
    return html`<ul class="relatives"><li><${Row} task=${live.data} tenant=${tenant} /></li></ul>`;
  if (live.failure)
    return html`<p><code>${id}</code> <span class="quiet">${live.failure.message}</span></p>`;
  return html`<${Loading} what="its parent" />`;
};

const Row = ({ task, tenant }) => html`
  <span class="relative">
    <${Status} task=${task} />
    <a href=${hrefTo("tasks", task.id, { tenant })}><bdi>${task.name || task.definitionId}</bdi></a>
    ${task.errorCode && html`<code class="tag">${task.errorCode}</code>`}
    <span class="quiet"><bdi>${task.definitionId}</bdi> · <${Time} value=${task.createdOn} /></span>
  </span>
`;

// How many children there are of each status, and some of them.
const Children = ({ id, tenant, isLive, isFirst = false }) => {
  const counts = useLive(
    async (signal) => {
      const answer = await ask(COUNTS, { id }, { tenant, signal });
      return STATUSES.map((status) => [status, opened(answer[status]).meta]);
    },
    `children of ${id} of ${tenant}`,
    {
      isLive,
      isOver: (found) =>
        found.every(([status, { totalCount }]) => !isOpen({ taskStatus: status }) || !totalCount) &&
        !isLive,
    },
  );
  const [pages, setPages] = useState({ tasks: [], cursor: null, hasMore: true, failure: null });
  const all = counts.data?.reduce((sum, [, { totalCount }]) => sum + totalCount, 0) ?? 0;

  const read = async (after, before) => {
    try {
      const answer = await ask(CHILDREN, { id, limit: PORTION, after }, { tenant });
      const { data, meta } = opened(answer.listTasks);
      setPages({
        tasks: [...before, ...data],
        cursor: meta.cursor,
        hasMore: meta.hasMoreItems,
        failure: null,
      });
    } catch (failure) {
      setPages((old) => ({ ...old, failure }));
    }
  };
  const state = JSON.stringify(counts.data?.map(([, { totalCount }]) => totalCount));
  useEffect(() => {
    if (all && pages.tasks.length <= PORTION) read(null, []);
  }, [state]);

  if (counts.failure && !counts.data) return html`<${Failed} failure=${counts.failure} />`;
  if (!counts.data) return html`<${Loading} what="its children" />`;
  if (!all)
    return html`<p class="quiet">
      No children that the API shows: it shows none of a private definition.
    </p>`;
  const least = counts.data.some(([, meta]) => meta.isTotalCountCapped) ? "at least " : "";
  return html`
    <ul class="row child-counts" aria-label="Children by status">
      ${isFirst && html`<li class="quiet">${least}${plural(all, "child", "children")}</li>`}
      ${counts.data
        .filter(([, { totalCount }]) => totalCount)
        .map(
          ([status, { totalCount }]) =>
            html`<li><${State} name=${status} /> ${number(totalCount)}</li>`,
        )}
    </ul>
    <ul class="relatives">
      ${pages.tasks.map((child) => html`<${Child} key=${child.id} ...${{ child, tenant }} />`)}
    </ul>
    ${pages.failure && html`<${Failed} failure=${pages.failure} isTrying=${false} />`}
    ${
      pages.hasMore &&
      pages.tasks.length > 0 &&
      html`
      <button type="button" class="small" onClick=${() => read(pages.cursor, pages.tasks)}>
        Show more
      </button>
      <span class="quiet"> ${number(pages.tasks.length)} of ${least}${number(all)}</span>
    `
    }
  `;
};

const Child = ({ child, tenant }) => {
  const [isUnfolded, setIsUnfolded] = useState(false);
  return html`
    <li>
      <div class="relative-row">
        <button
          type="button"
          class="icon"
          aria-expanded=${isUnfolded}
          aria-label=${`Children of ${child.name || child.id}`.slice(0, 200)}
          onClick=${() => setIsUnfolded(!isUnfolded)}
        >
          ${isUnfolded ? "▾" : "▸"}
        </button>
        <${Row} task=${child} tenant=${tenant} />
      </div>
      ${
        isUnfolded &&
        html`
        <div class="grandchildren">
          <${Children} id=${child.id} tenant=${tenant} isLive=${isOpen(child)} />
        </div>
      `
      }
    </li>
  `;
};

// The tasks that have taken each other's place, from the first to the last.
const Retries = ({ task, tenant }) => {
  const live = useLive(
    async (signal) => {
      const walk = async (from, field) => {
        const found = [];
        for (let id = from; id && found.length < MOST_RETRIES; ) {
          const next = await find(id, tenant, signal).catch((failure) => {
            if (failure.passes || failure.name === "AbortError") throw failure;
            return { id, isGone: true };
          });
          found.push(next);
          id = next[field];
        }
        return found;
      };
      const before = (await walk(task.retryOf, "retryOf")).reverse();
      return { before, after: await walk(task.retriedBy, "retriedBy") };
    },
    `retries ${task.id} ${task.retryOf} ${task.retriedBy} of ${tenant}`,
    { isOver: () => true },
  );
  if (live.failure && !live.data)
    return html`<h3>Retries</h3><${Failed} failure=${live.failure} />`;
  if (!live.data) return html`<h3>Retries</h3><${Loading} what="the retries" />`;
  const { before, after } = live.data;
  return html`
    <h3>Retries</h3>
    <ol class="relatives retries">
      ${before[0]?.retryOf && html`<li class="quiet">and others before</li>`}
      ${before.map((each) => html`<li key=${each.id}><${Retried} task=${each} tenant=${tenant} /></li>`)}
      <li key=${task.id} aria-current="true">
        <span class="relative"><${Status} task=${task} /> <b>This one</b></span>
      </li>
      ${after.map((each) => html`<li key=${each.id}><${Retried} task=${each} tenant=${tenant} /></li>`)}
      ${after.at(-1)?.retriedBy && html`<li class="quiet">and others after</li>`}
    </ol>
  `;
};

const Retried = ({ task, tenant }) =>
  task.isGone
    ? html`<span class="quiet"><code>${task.id}</code> is gone</span>`
    : html`<${Row} task=${task} tenant=${tenant} />`;
