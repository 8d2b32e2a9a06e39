// The open tasks that are the oldest: what holds each up, and which of them should have moved.
import { ago } from "../words.js";

// An iteration may take 15 minutes, and the sweep comes every five: so the doctor has it, too.
const PATIENCE_MS = 20 * 60_000;
export const SHOWN = 5;

const isAhead = (moment, now) => moment && new Date(moment) > now;

// Why a task does not move, in words; "" where nothing is to keep it.
export const holdOf = (task, now) => {
  if (task.pausedOn) return `paused ${ago(task.pausedOn, now)}`;
  if (task.queuedOn) return `queued for a slot ${ago(task.queuedOn, now)}`;
  if (isAhead(task.startsOn, now)) return `starts ${ago(task.startsOn, now)}`;
  if (task.waitingFor?.signal) return `waits for the signal “${task.waitingFor.signal}”`;
  if (task.waitingFor) return "waits for its children";
  if (isAhead(task.waitingUntil, now)) return `waits, goes on ${ago(task.waitingUntil, now)}`;
  return "";
};

// Whether a task should have moved by now, and has not.
export const isIdle = (task, now) => {
  if (holdOf(task, now)) return false;
  const moments = [task.createdOn, task.savedOn, task.waitingUntil, task.startsOn];
  const moved = Math.max(...moments.filter(Boolean).map((moment) => new Date(moment).getTime()));
  return now - moved > PATIENCE_MS;
};

// The oldest of a status.
export const oldestOf = (tasks, status) =>
  tasks.filter(({ taskStatus }) => taskStatus === status).slice(0, SHOWN);

// How many of the tasks each version of the code ran last, the most of them first. `version` is
// null for those that none has run.
export const versionsOf = (tasks) => {
  const counts = new Map();
  for (const { codeVersion } of tasks) {
    counts.set(codeVersion ?? null, (counts.get(codeVersion ?? null) ?? 0) + 1);
  }
  return [...counts]
    .map(([version, count]) => ({ version, count }))
    .sort((one, other) => other.count - one.count);
};
