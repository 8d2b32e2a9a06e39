// What a newer answer does to the rows that are shown.
import { stateOf } from "../words.js";

// The rows to show, and how many new ones wait, since somebody is at work in the rows: those stay
// where they are, as the answer has them, and none comes in between.
//   isHeld: whether somebody is at work in them
//   hasMore: whether there are more behind the answer's last task
export const merged = (shown, answered, { isHeld, hasMore }) => {
  if (!isHeld || shown.length === 0) return { tasks: answered, waiting: 0 };
  const found = new Map(answered.map((task) => [task.id, task]));
  const had = new Set(shown.map(({ id }) => id));
  // New ones push the last rows off a full page: those are still there, on the next one.
  const last = shown.findLastIndex(({ id }) => found.has(id));
  const tasks = shown
    .filter(({ id }, place) => found.has(id) || (hasMore && place > last))
    .map((task) => found.get(task.id) ?? task);
  return { tasks, waiting: answered.filter(({ id }) => !had.has(id)).length };
};

// What tells one look of a row from another. Progress moves all the time, and is not marked.
const lookOf = (task) => `${stateOf(task)} ${task.errorCode ?? ""} ${task.problem ?? ""}`;

// The ids of the tasks that are new, or look otherwise than before.
export const changedIds = (before, now) => {
  const looks = new Map(before.map((task) => [task.id, lookOf(task)]));
  return now.filter((task) => looks.get(task.id) !== lookOf(task)).map(({ id }) => id);
};
