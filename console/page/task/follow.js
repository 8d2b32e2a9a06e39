// A task and its log, followed until it is over: one request for both, and of the log what is new.
import { useCallback, useRef, useState } from "../html.js";
import { Failure, ask, opened } from "../api.js";
import { useLive } from "../live.js";
import { isOpen } from "../words.js";
import { merged } from "./log_lines.js";

const PAGE = 200;
const TOO_LARGE = "REQUEST_TOO_LARGE";
// So many pages of new lines are read at once.
const MOST_PAGES = 20;

const FIELDS = `
  id tenant definitionId name parentId taskStatus executionName iterations createdOn savedOn
  startedOn finishedOn deadline startBy waitingUntil waitingFor pausedOn pausedWith priority
  concurrencyKey queuedOn startsOn problem progress tags errorCode retryOf retriedBy
  createdByVersion codeVersion createdBy { id displayName type } abortedBy { id displayName type }
`;
const LINES = `
  data {
    iteration executionName createdOn
    items { message type createdOn data error createdBy { id displayName } }
  }
  meta { cursor hasMoreItems }
  error { message code data }
`;
const LOG_ARGUMENTS = "where: $where, sort: $sort, limit: $limit, after: $after";
const TAKES =
  "$where: WebinyBackgroundTaskLogListWhereInput, $sort: [WebinyBackgroundTaskLogListSorter!]," +
  " $limit: Int, $after: String";
const BOTH = `query ($id: ID!, ${TAKES}) { backgroundTasks {
  getTask(id: $id) { data { ${FIELDS} } error { message code data } }
  listLogs(${LOG_ARGUMENTS}) { ${LINES} }
} }`;
const LOGS = `query (${TAKES}) { backgroundTasks { listLogs(${LOG_ARGUMENTS}) { ${LINES} } } }`;

// Returns what useLive does, and `log`:
//   logs: of the iterations, in their order; hasAll: whether the first of them is there
//   earlier(): reads a page of those before; isReading; failure: why no more can be read
export const useTask = (id, tenant) => {
  const store = useRef(null);
  const [, setVersion] = useState(0);
  const key = `task ${id} of ${tenant}`;
  if (store.current?.key !== key) store.current = emptyStore(key);
  const changed = useCallback(() => setVersion((version) => version + 1), []);

  const live = useLive(
    async (signal) => {
      const own = store.current;
      const task = await look(own, id, { tenant, signal });
      return { task, version: own.version };
    },
    key,
    { isOver: ({ task }) => !isOpen(task) },
  );

  const earlier = async () => {
    const own = store.current;
    if (own.isReading || own.hasAll) return;
    own.isReading = true;
    changed();
    try {
      const page = await read(
        own,
        { where: { task: id }, sort: ["iteration_DESC"], after: own.before },
        tenant,
      );
      own.logs = merged(page.data, own.logs);
      setBefore(own, page.meta);
      own.failure = null;
    } catch (failure) {
      own.failure = failure;
    }
    own.isReading = false;
    changed();
  };

  const { logs, hasAll, isReading, failure } = store.current;
  const log = { logs, hasAll, isReading, failure, earlier };
  return { ...live, task: live.data?.task, log };
};

const emptyStore = (key) => ({
  key,
  logs: [],
  hasAll: false,
  before: null,
  isReading: false,
  failure: null,
  version: 0,
  size: PAGE,
});

const setBefore = (own, meta) => {
  own.before = meta.cursor;
  own.hasAll = !meta.hasMoreItems;
};

// The task, and into the store what is new of its log.
const look = async (own, id, options) => {
  const last = own.logs.at(-1)?.iteration;
  const isFirst = last == null;
  const asked = isFirst
    ? { where: { task: id }, sort: ["iteration_DESC"] }
    : { where: { task: id, iteration_gte: last }, sort: ["iteration_ASC"] };
  const answer = await ask(BOTH, { id, ...asked, limit: own.size }, options);
  const task = opened(answer.getTask).data;
  let page = answer.listLogs;
  own.failure = null;
  try {
    if (page.error?.code === TOO_LARGE)
      page = await read(own, asked, options.tenant, options.signal);
    take(own, opened(page), isFirst);
    for (let turn = 0; !isFirst && page.meta.hasMoreItems && turn < MOST_PAGES; turn += 1) {
      page = await read(own, { ...asked, after: page.meta.cursor }, options.tenant, options.signal);
      take(own, page, isFirst);
    }
  } catch (failure) {
    if (failure.name === "AbortError" || failure.passes) throw failure;
    own.failure = failure;
    own.version += 1;
  }
  return task;
};

const take = (own, page, isFirst) => {
  const before = JSON.stringify(own.logs.at(-1) ?? null);
  own.logs = merged(own.logs, page.data);
  if (isFirst) setBefore(own, page.meta);
  if (page.data.length > 1 || JSON.stringify(own.logs.at(-1) ?? null) !== before) own.version += 1;
};

// A page of logs: a smaller one where an answer has no room for it.
const read = async (own, asked, tenant, signal) => {
  while (true) {
    try {
      const answer = await ask(LOGS, { ...asked, limit: own.size }, { tenant, signal });
      return opened(answer.listLogs);
    } catch (failure) {
      if (failure.code !== TOO_LARGE) throw failure;
      if (own.size > 1) {
        own.size = Math.ceil(own.size / 4);
        continue;
      }
      throw new Failure({
        message:
          "An iteration has logged more than an answer of the API has room for. Next: look at its" +
          " lines in CloudWatch.",
        code: TOO_LARGE,
      });
    }
  }
};
