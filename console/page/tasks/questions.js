// What the list asks the API for.
import { ask, askOne, opened } from "../api.js";
import { batches } from "./grouping.js";
import { PAGE } from "./paging.js";

const LIST = `query Tasks(
  $where: WebinyBackgroundTaskListWhereInput, $sort: [WebinyBackgroundTaskListSorter!], $limit: Int,
  $after: String
) {
  backgroundTasks {
    listTasks(where: $where, sort: $sort, limit: $limit, after: $after) {
      data {
        id name definitionId taskStatus createdOn startedOn finishedOn errorCode tags progress problem
        waitingUntil waitingFor queuedOn startsOn pausedOn pausedWith
      }
      meta { cursor hasMoreItems }
      error { message code data }
    }
  }
}`;

const COUNT = `query Count($where: WebinyBackgroundTaskListWhereInput) {
  backgroundTasks {
    listTasks(where: $where, limit: 1) {
      meta { totalCount isTotalCountCapped }
      error { message code data }
    }
  }
}`;

const FAILED = `query Failed($where: WebinyBackgroundTaskListWhereInput, $after: String) {
  backgroundTasks {
    listTasks(where: $where, sort: [createdOn_DESC], limit: 1000, after: $after) {
      data { id name errorCode definitionId createdOn finishedOn }
      meta { cursor hasMoreItems }
      error { message code data }
    }
  }
}`;

const DEFINITIONS = `{
  backgroundTasks { listDefinitions { data { id title } error { message code data } } }
}`;

// How many failed tasks are grouped, and how many pages are looked at for them.
export const MOST_FAILED = 1_000;
const MOST_PAGES = 8;
// A request may have ten lists.
const COUNTS_A_REQUEST = 10;
const MOST_COUNTS = 20;

// A page: { tasks, cursor }, where a cursor says that there may be more.
export const listPage = async ({ where, sort, after }, options) => {
  const variables = { where, sort: [sort], limit: PAGE, after };
  const { data, meta } = await askOne("listTasks", LIST, variables, options);
  return { tasks: data, cursor: meta.hasMoreItems ? meta.cursor : null };
};

const countOf = ({ totalCount, isTotalCountCapped }) => ({
  number: totalCount,
  isCapped: isTotalCountCapped,
});

// How many tasks there are: { number, isCapped }.
export const countTasks = async (where, options) =>
  countOf((await askOne("listTasks", COUNT, { where }, options)).meta);

// The newest failed tasks: { tasks, isWhole }, where these are all there are.
export const listFailed = async (where, options) => {
  const tasks = [];
  let after = null;
  for (let page = 0; page < MOST_PAGES && tasks.length < MOST_FAILED; page += 1) {
    const { data, meta } = await askOne("listTasks", FAILED, { where, after }, options);
    tasks.push(...data);
    after = meta.hasMoreItems ? meta.cursor : null;
    if (!after) break;
  }
  const isWhole = after == null && tasks.length <= MOST_FAILED;
  return { tasks: tasks.slice(0, MOST_FAILED), isWhole };
};

// How many tasks of a filter have failed with each code: a Map. Of many codes, the first ones.
export const countByCode = async (where, codes, options) => {
  const found = new Map();
  for (const some of batches(codes.slice(0, MOST_COUNTS), COUNTS_A_REQUEST)) {
    const answer = await ask(countsDocument(some.length), countsVariables(where, some), options);
    some.forEach((code, number) => found.set(code, countOf(opened(answer[`c${number}`]).meta)));
  }
  return found;
};

const countsDocument = (count) => {
  const numbers = Array.from({ length: count }, (_, number) => number);
  const given = numbers.map((n) => `$w${n}: WebinyBackgroundTaskListWhereInput`).join(", ");
  const fields = numbers.map(
    (n) => `c${n}: listTasks(where: $w${n}, limit: 1) {
      meta { totalCount isTotalCountCapped }
      error { message code data }
    }`,
  );
  return `query Counts(${given}) { backgroundTasks { ${fields.join("\n")} } }`;
};

const countsVariables = (where, codes) =>
  Object.fromEntries(codes.map((code, n) => [`w${n}`, { ...where, errorCode: code }]));

const definitions = new Map();

// The definitions there are: asked for once, as long as the page is open.
export const listDefinitions = (options) => {
  const { tenant = "" } = options;
  if (!definitions.has(tenant)) {
    const asked = askOne("listDefinitions", DEFINITIONS, {}, { tenant }).then(({ data }) => data);
    definitions.set(tenant, asked);
    asked.catch(() => definitions.delete(tenant));
  }
  return definitions.get(tenant);
};
