// What happened in an execution, made from the events of its history: each entry of `Run` is a
// visit, which has an attempt for each time that Step Functions invoked the worker.

const FAILED = new Set(["TaskFailed", "TaskTimedOut", "TaskStartFailed", "TaskSubmitFailed"]);
const OVER = {
  ExecutionSucceeded: "succeeded",
  ExecutionFailed: "failed",
  ExecutionAborted: "stopped",
  ExecutionTimedOut: "timed out",
};
const ENTERED = /StateEntered$/;

// How an attempt ended, in short words; `why` of the event has the long ones.
export const FAILURES = {
  outOfMemory: "ran out of memory",
  timeout: "ran out of time",
  killed: "its process died",
  throttled: "throttled: Lambda had no room",
  storeUnavailable: "the table was away",
  definitionUnavailable: "its file could not be imported",
  overtaken: "another invocation had the task",
  lambdaFailed: "a fault of Lambda's own",
  code: "the worker's code could not be run",
};
// Of these, Lambda ran nothing.
const NEVER_RAN = new Set(["throttled"]);

const time = (event) => Date.parse(event.at);

// What an execution did. `events` are those of its history, as far as they were read, in any order.
//   visits: [{ at, until, attempts, isCut, isStopped }], times in milliseconds, `until` null: it
//     goes on
//   attempts: [{ at, until, outcome: "done" | "failed" | null, failure, why, error, cause }]
//   waits: [{ at, until, isStopped }]
//   end: { at, state } of the last state; over: { at, status, error } of the execution
//   isWhole: whether its first event is there
export const visitsOf = (events) => {
  const found = {
    startedAt: null,
    visits: [],
    waits: [],
    redrives: [],
    end: null,
    over: null,
    transitions: 0,
    isWhole: false,
  };
  const sorted = [...events].sort((one, other) => one.id - other.id);
  found.isWhole = sorted[0]?.id === 1;
  const now = { visit: null, attempt: null, wait: null };
  for (const event of sorted) take(found, now, event);
  for (const { attempts } of found.visits) found.transitions += Math.max(0, attempts.length - 1);
  return found;
};

const take = (found, now, event) => {
  const at = time(event);
  if (ENTERED.test(event.type)) found.transitions += 1;
  if (event.type === "ExecutionStarted") found.startedAt = at;
  else if (event.type === "ExecutionRedriven") redriven(found, at);
  else if (event.type in OVER) over(found, now, event, at);
  else if (event.type === "TaskStateEntered") visited(found, now, at);
  else if (event.type === "TaskScheduled") attempted(found, now, at);
  else if (event.type === "TaskStarted") now.attempt && (now.attempt.at = at);
  else if (event.type === "TaskSucceeded" || FAILED.has(event.type))
    answered(found, now, event, at);
  else if (event.type === "TaskStateExited") left(now, at);
  else if (event.type === "WaitStateEntered") {
    now.wait = { at, until: null, isStopped: false };
    found.waits.push(now.wait);
  } else if (event.type === "WaitStateExited") {
    if (now.wait) now.wait.until = at;
    now.wait = null;
  } else if (/^(Succeed|Fail)StateEntered$/.test(event.type)) {
    found.end = { at, state: event.state };
  }
};

const visited = (found, now, at, isCut = false) => {
  now.visit = { at, until: null, attempts: [], isCut, isStopped: false };
  now.attempt = null;
  found.visits.push(now.visit);
};

const attempted = (found, now, at) => {
  // The state was entered before the first event that was read.
  if (!now.visit) visited(found, now, at, true);
  now.attempt = { at, until: null, outcome: null };
  now.visit.attempts.push(now.attempt);
};

const answered = (found, now, event, at) => {
  if (!now.attempt || now.attempt.outcome) attempted(found, now, at);
  now.attempt.until = at;
  now.attempt.outcome = event.type === "TaskSucceeded" ? "done" : "failed";
  if (now.attempt.outcome === "failed") {
    const { failure, why, error, cause } = event;
    Object.assign(now.attempt, { failure, why, error, cause });
  }
};

const left = (now, at) => {
  if (now.visit) now.visit.until = at;
  now.visit = now.attempt = null;
};

const over = (found, now, event, at) => {
  found.over = { at, status: OVER[event.type], error: event.error ?? "" };
  for (const open of [now.visit, now.wait])
    if (open) Object.assign(open, { until: at, isStopped: true });
  if (now.attempt && !now.attempt.outcome) now.attempt.until = at;
  now.visit = now.attempt = now.wait = null;
};

const redriven = (found, at) => {
  found.redrives.push(at);
  found.over = found.end = null;
};

// Whether Lambda ran something in an attempt, so that it costs something.
export const hasRun = ({ failure }) => !NEVER_RAN.has(failure);
