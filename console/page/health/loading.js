// What the view of the health asks for.
import { ask, opened } from "../api.js";
import { CODES, startOf } from "./endings.js";

// A request may ask for ten lists (docs/limits.md, "The API").
const LISTS = 7;
export const MOST_OPEN = 100;

const OPEN = `query OldestOpenTasks($limit: Int) {
  backgroundTasks {
    listPauses { data { definitionId } error { message code data } }
    listTasks(
      where: { taskStatus_in: ["pending", "running"] }, sort: [createdOn_ASC], limit: $limit
    ) {
      data {
        id definitionId name taskStatus createdOn savedOn codeVersion
        waitingUntil waitingFor pausedOn queuedOn startsOn problem
      }
      meta { hasMoreItems }
      error { message code data }
    }
  }
}`;

// The oldest open tasks: both statuses in one list, which an index answers. And what is paused, as
// far as the caller may know it.
export const loadOpen = async (options) => {
  const { listTasks, listPauses } = await ask(OPEN, { limit: MOST_OPEN }, options);
  const { data, meta } = opened(listTasks);
  return { tasks: data, hasMore: meta.hasMoreItems, pauses: listPauses.data ?? [] };
};

// How many tasks of a time have failed with each of the codes: { code, count, isCapped } of those
// that have any.
export const loadEnded = async (period, options) => {
  const since = startOf(period, Date.now());
  const found = [];
  for (let at = 0; at < CODES.length; at += LISTS) {
    const codes = CODES.slice(at, at + LISTS);
    const names = codes.map((_, index) => `$c${index}: String`).join(" ");
    const document = `query Ended($since: DateTime, ${names}) {
      backgroundTasks { ${codes.map(countOf).join("\n")} }
    }`;
    const variables = Object.fromEntries(codes.map((code, index) => [`c${index}`, code]));
    const answer = await ask(document, { since, ...variables }, options);
    codes.forEach((code, index) => {
      const { totalCount, isTotalCountCapped } = opened(answer[`e${index}`]).meta;
      found.push({ code, count: totalCount, isCapped: isTotalCountCapped });
    });
  }
  return found.filter(({ count }) => count > 0);
};

const countOf = (_, index) => `
  e${index}: listTasks(where: { errorCode: $c${index}, createdOn_gte: $since }, limit: 1) {
    meta { totalCount isTotalCountCapped }
    error { message code data }
  }
`;
