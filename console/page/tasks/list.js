// The rows of the list as they change: which to show, which to mark, and which wait.
import { useEffect, useRef, useState } from "../html.js";
import { useLive } from "../live.js";
import { paramsOf, sorterOf } from "./filter.js";
import { changedIds, merged } from "./fresh.js";
import { cursorOf } from "./paging.js";
import { listPage } from "./questions.js";
import { whereOf } from "./where.js";

const MARKED_MS = 1_500;
const NOTHING = { key: null, answer: null, tasks: [], waiting: 0, changed: new Set() };

// Lists a page of a filter, and goes on doing so.
//   isPaused: whether the rows stay as they are, until `refresh` is called
//   isHeld: () => whether somebody is at work in the rows, so that new ones wait
// Returns what useLive does, and:
//   tasks, cursor: what is shown; of the filter before while `isOld`
//   waiting: how many new tasks wait; `release` shows them
//   changed: the ids of the tasks to mark
//   answeredAt: when the last answer came
export const useList = ({ filter, page, tenant, isPaused, isHeld }) => {
  const after = cursorOf(page);
  const key = JSON.stringify([paramsOf(filter), after, tenant]);
  const last = useRef(NOTHING);
  const [answeredAt, setAnsweredAt] = useState(null);
  const [, draw] = useState(0);

  const live = useLive(
    async (signal) => {
      const asked = { where: whereOf(filter), sort: sorterOf(filter), after };
      const data = await listPage(asked, { tenant, signal });
      setAnsweredAt(Date.now());
      return data;
    },
    key,
    { isLive: !isPaused },
  );

  const take = (hold) => {
    const old = last.current;
    const { tasks, cursor } = live.data;
    const isSame = old.key === key;
    const next = isSame
      ? merged(old.tasks, tasks, { isHeld: hold, hasMore: cursor != null })
      : { tasks, waiting: 0 };
    const changed = new Set(isSame ? changedIds(old.tasks, next.tasks) : []);
    last.current = { ...next, key, answer: live.data, cursor, changed };
  };
  const isNew = live.data && (last.current.answer !== live.data || last.current.key !== key);
  if (isNew || (live.data && last.current.waiting > 0 && !isHeld())) take(isHeld());

  const { changed, tasks, cursor, waiting } = last.current;
  useEffect(() => {
    if (changed.size === 0) return undefined;
    const timer = setTimeout(() => {
      last.current = { ...last.current, changed: new Set() };
      draw((number) => number + 1);
    }, MARKED_MS);
    return () => clearTimeout(timer);
  }, [changed]);

  return {
    ...live,
    tasks: live.data || live.isLoading ? tasks : [],
    cursor: live.data ? cursor : null,
    waiting,
    changed,
    answeredAt,
    isOld: live.data === undefined && last.current.key !== null,
    isWhole: Boolean(live.data) && cursor == null && after == null,
    release: () => {
      if (live.data) take(false);
      draw((number) => number + 1);
    },
  };
};
