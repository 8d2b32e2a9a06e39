// The lines that the engine itself writes into a task's log, by what they tell.

const KINDS = [
  ["signal", /^The signal ".*" has come\.$/s],
  ["late", /^The signal ".*" came when it was over\.$/s],
  ["pause", /^The task was paused\.$/],
  ["resume", /^The task was resumed\.$/],
  ["now", /^Its wait was ended: it runs now\.$/],
  ["moved", /^The task moves on to (a new execution|the worker ".*")\.$/],
  ["crash", /^The iteration before did not end: /],
  ["retry", /^Attempt \d+ of \d+ failed, /],
  ["hook", /^Error executing \w+ hook |^The \w+ hook was started \d+ times /],
  ["discarded", /^This outcome was discarded: /],
  ["retried", /^It was retried: task "/],
  ["retryOf", /^This is the retry of task "/],
  ["stopped", /^The execution was stopped\./],
];

// What a line tells: "signal", "pause", …; null: it is the task's own, or says nothing new.
export const kindOf = (line) =>
  KINDS.find(([, words]) => words.test(line.message ?? ""))?.[0] ?? null;

const NEXT_ATTEMPT = /^Attempt \d+ of \d+ failed, the next one is in (\d+) s: /;

// How long a task waits as of a line, in seconds; null: it doesn't say.
export const waitOf = (line) => {
  if (line.message === "Task continuing." && line.data?.wait > 0) return line.data.wait;
  const attempt = NEXT_ATTEMPT.exec(line.message ?? "");
  return attempt && Number(attempt[1]) > 0 ? Number(attempt[1]) : null;
};
