// What an open task waits for, in words, and the moment that they are about.
import { isOpen } from "../words.js";

// { words, moment, rest }: "paused", since when, and "with its definition"; a moment and a rest may be
// missing. Null where it waits for nothing.
export const waitOf = (task, now = Date.now()) => {
  if (!isOpen(task)) return null;
  if (task.pausedOn) return { words: "paused", moment: task.pausedOn, rest: pauseOf(task) };
  if (task.queuedOn) return { words: "queued for a slot", moment: task.queuedOn };
  if (task.waitingFor) return callOf(task);
  if (task.waitingUntil) return { words: "goes on", moment: task.waitingUntil };
  if (task.startsOn && new Date(task.startsOn) > now)
    return { words: "starts", moment: task.startsOn };
  return null;
};

const callOf = ({ waitingFor: { signal, until } }) => {
  const what = signal ? `for the signal “${signal}”` : "for its children";
  return until ? { words: `${what}; gives up`, moment: until } : { words: what };
};

const pauseOf = ({ pausedWith }) => {
  if (!pausedWith) return "";
  return pausedWith === "all" ? "with all tasks" : "with its definition";
};

// How many seconds a task took, or has taken so far; null where it has not started.
export const secondsOf = (task, now = Date.now()) => {
  if (!task.startedOn) return null;
  const end = task.finishedOn ? new Date(task.finishedOn) : isOpen(task) ? now : null;
  return end == null ? null : Math.max(0, (end - new Date(task.startedOn)) / 1_000);
};
