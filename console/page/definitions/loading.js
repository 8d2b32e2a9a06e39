// What the view of the definitions asks for.
import { ask, askOne, Failure, get, opened } from "../api.js";

const DEFINITIONS = `query Definitions {
  backgroundTasks {
    listDefinitions {
      data { id title description }
      error { message code data }
    }
  }
}`;
const COUNTS = `query DefinitionCounts {
  backgroundTasks {
    listDefinitions {
      data { id title counts { pending running success failed aborted isCapped since } }
      error { message code data }
    }
  }
}`;
const PAUSES = `
  listPauses {
    data { definitionId everyTenant pausedOn pausedBy { displayName } }
    error { message code data }
  }
`;
const LIMIT = `
  data {
    key tenant slots deployed used queued isCapped oldestQueuedOn changedOn
    changedBy { displayName }
  }
  error { message code data }
`;
const LIMIT_PAGE = `${LIMIT} meta { cursor hasMoreItems }`;
// A request may ask for so many lists, and for so many reads (docs/limits.md, "The API").
const LISTS = 10;
const READS = 50;
const FIRST_LIMITS = 10;
const MORE_LIMITS = 50;

export const loadDefinitions = async (options) =>
  (await askOne("listDefinitions", DEFINITIONS, {}, options)).data;

export const loadCounts = async (options) =>
  (await askOne("listDefinitions", COUNTS, {}, options)).data;

// The pauses, and the first limits of definitions.
//   without: a Set of the ids that have no limit; it takes those that are found to have none
// Returns { pauses, limits: { [id]: { items, cursor } or { failure } } }.
export const loadFlow = async (ids, without, options) => {
  const asked = ids.filter((id) => !without.has(id));
  const batches = [asked.slice(0, LISTS)];
  for (let at = LISTS; at < asked.length; at += LISTS) batches.push(asked.slice(at, at + LISTS));
  const found = { pauses: [], limits: {} };
  for (const [index, batch] of batches.entries()) {
    const names = Object.fromEntries(batch.map((id, at) => [`d${at}`, id]));
    const answer = await ask(documentOf(batch, index === 0), names, options);
    if (index === 0) found.pauses = opened(answer.listPauses).data;
    batch.forEach((id, at) => keepLimits(found.limits, id, answer[`l${at}`], without));
  }
  return found;
};

const documentOf = (batch, isFirst) => {
  if (batch.length === 0) return `query Pauses { backgroundTasks { ${PAUSES} } }`;
  return `query DefinitionLimits(${variablesOf(batch)}) {
    backgroundTasks { ${isFirst ? PAUSES : ""} ${batch.map(limitsOf).join("")} }
  }`;
};

const variablesOf = (batch) =>
  batch.map((_, at) => `$d${at}: WebinyBackgroundTaskDefinitionEnum!`).join(" ");

const limitsOf = (_, at) =>
  `l${at}: getLimits(definition: $d${at}, limit: ${FIRST_LIMITS}) { ${LIMIT_PAGE} }\n`;

const keepLimits = (limits, id, { data, meta, error }, without) => {
  // The API says of which definition it is that has none.
  if (error?.data?.definitionId === id) without.add(id);
  else if (error) limits[id] = { failure: new Failure(error) };
  else limits[id] = { items: data, cursor: meta.hasMoreItems ? meta.cursor : null };
};

const MORE = `query MoreLimits(
  $definition: WebinyBackgroundTaskDefinitionEnum!, $limit: Int, $after: String
) {
  backgroundTasks {
    getLimits(definition: $definition, limit: $limit, after: $after) { ${LIMIT_PAGE} }
  }
}`;

// The next page of a definition's limits.
export const loadMoreLimits = async (definition, after, options) => {
  const variables = { definition, limit: MORE_LIMITS, after };
  const { data, meta } = await askOne("getLimits", MORE, variables, options);
  return { items: data, cursor: meta.hasMoreItems ? meta.cursor : null };
};

// Which of some keys, as JSON, limits have that are in use, or set: { key, limit } of each.
export const findKeys = async (definition, keys, options) => {
  const some = keys.slice(0, LISTS);
  const names = some.map((_, at) => `$k${at}: JSON`).join(" ");
  const document = `query LimitKeys($definition: WebinyBackgroundTaskDefinitionEnum!, ${names}) {
    backgroundTasks {
      ${some.map(limitOfKey).join("")}
    }
  }`;
  const values = Object.fromEntries(some.map((key, at) => [`k${at}`, key]));
  const answer = await ask(document, { definition, ...values }, options);
  return some.flatMap((key, at) => {
    const limit = answer[`l${at}`].data?.[0];
    return limit ? [{ key, limit }] : [];
  });
};

const limitOfKey = (_, at) =>
  `l${at}: getLimits(definition: $definition, key: $k${at}) { ${LIMIT} }\n`;

// The schedules, each with the status of its last tick's task, where there is one.
//   isTicks: whether the tenant's tasks are those of the schedules
export const loadSchedules = async (isTicks, options) => {
  const schedules = await get("schedules", options);
  const ticked = isTicks ? schedules.filter(({ lastTask }) => lastTask).slice(0, READS) : [];
  if (ticked.length === 0) return schedules;
  const names = ticked.map((_, at) => `$t${at}: ID!`).join(" ");
  const document = `query Ticks(${names}) {
    backgroundTasks {
      ${ticked.map((_, at) => `t${at}: getTask(id: $t${at}) { data { id taskStatus } }`).join("\n")}
    }
  }`;
  const ids = Object.fromEntries(ticked.map(({ lastTask }, at) => [`t${at}`, lastTask]));
  const answer = await ask(document, ids, options);
  const statuses = new Map(
    ticked.map(({ name }, at) => [name, answer[`t${at}`].data?.taskStatus ?? null]),
  );
  return schedules.map((each) => ({ ...each, lastStatus: statuses.get(each.name) ?? null }));
};
