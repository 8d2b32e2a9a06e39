// The histories of a task's executions, as the console's server reads them from Step Functions.
import { useEffect, useRef, useState } from "../html.js";
import { get } from "../api.js";
import { useLive } from "../live.js";
import { isOpen } from "../words.js";
import { visitsOf } from "./visits.js";

// So many executions are looked at unasked: the last ones. An execution has 25 pages at most.
const FIRST = 8;
const MORE = 10;
const MOST_PAGES = 25;
const PAGES_AT_ONCE = 5;

// The names of a task's executions, as its record and its log have them.
export const executionsOf = (task, logs) =>
  [...new Set([...logs.map((log) => log.executionName), task?.executionName])].filter(Boolean);

// Returns `executions`: [{ name, history, missing, isCut, readMore }] in their order, those that
// were not asked for without a history; `readEarlier`, where there are such; `isLoading`, `failure`.
export const useHistories = (task, names, tenant) => {
  const store = useRef(new Map());
  const [wanted, setWanted] = useState(FIRST);
  const [, setVersion] = useState(0);
  const asked = names.slice(-wanted);
  const query = { task: task.id, ...(tenant ? { tenant } : {}) };

  const live = useLive(
    async (signal) => {
      for (const name of asked) {
        const own = ownOf(store.current, name);
        if (!isSettled(own, task, name)) await look(own, { ...query, name }, signal);
      }
      return asked.map((name) => [name, store.current.get(name).events.size]);
    },
    `histories of ${task.id} of ${tenant}`,
    { isOver: () => asked.every((name) => isSettled(ownOf(store.current, name), task, name)) },
  );
  // What has moved the task has moved its execution.
  const state = [task.savedOn, task.taskStatus, task.iterations, asked.join()].join(" ");
  const before = useRef(state);
  useEffect(() => {
    if (before.current !== state) live.refresh();
    before.current = state;
  }, [state]);

  const readMore = async (name) => {
    const own = store.current.get(name);
    try {
      for (let page = 0; own.next && page < PAGES_AT_ONCE; page += 1)
        await older(own, { ...query, name });
      own.failure = null;
    } catch (failure) {
      own.failure = failure;
    }
    setVersion((version) => version + 1);
  };

  const executions = names.map((name) => {
    const own = store.current.get(name);
    return {
      name,
      history: own?.events.size ? historyOf(own) : null,
      missing: own?.missing ?? null,
      isCut: Boolean(own?.next),
      failure: own?.failure ?? null,
      readMore: () => readMore(name),
    };
  });
  const left = names.length - asked.length;
  return {
    executions,
    left,
    readEarlier: () => setWanted(wanted + MORE),
    isLoading: live.isLoading,
    failure: live.failure,
  };
};

const ownOf = (store, name) => {
  if (!store.has(name))
    store.set(name, { events: new Map(), next: null, missing: null, isRead: false });
  return store.get(name);
};

// It is made anew when there are new events alone.
const historyOf = (own) => {
  if (own.made?.size !== own.events.size) {
    own.made = { size: own.events.size, history: visitsOf([...own.events.values()]) };
  }
  return own.made.history;
};

// Whether nothing more is to come of an execution. One that was stopped may be redriven by a person
// while its task is open.
const isSettled = (own, task, name) => {
  if (own.missing) return true;
  const isLast = isOpen(task) && task.executionName === name;
  return own.isRead && !isLast && Boolean(historyOf(own).over);
};

const path = (query) => `executions?${new URLSearchParams(query)}`;

// The newest events, back to those that are known.
const look = async (own, query, signal) => {
  let page = await get(path(query), { signal });
  own.missing = page.missing;
  const first = !own.isRead;
  for (let turn = 0; turn < MOST_PAGES; turn += 1) {
    const isJoined = page.events.some(({ id }) => own.events.has(id));
    for (const event of page.events) own.events.set(event.id, event);
    if (first) own.next = page.next;
    if (first || isJoined || !page.next) break;
    page = await get(path({ ...query, after: page.next }), { signal });
  }
  own.isRead = true;
};

const older = async (own, query) => {
  const page = await get(path({ ...query, after: own.next }));
  for (const event of page.events) own.events.set(event.id, event);
  own.next = page.next;
};
