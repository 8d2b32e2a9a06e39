// The codes of tasks that were ended from outside: by the recovery, or since their time was over.

export const ENDINGS = {
  NEVER_CLAIMED: "its event was sent again and again, and no worker took it",
  UNDELIVERED: "its event could not be delivered",
  EXECUTION_ENDED: "its execution was over before the task was",
  TASK_TIMEOUT: "it was not over in its time (timeout)",
  TASK_EXPIRED: "it had not started in its time (expiresAfter)",
  WORKER_OUT_OF_MEMORY: "the worker ran out of memory",
  WORKER_TIMEOUT: "the worker ran out of time",
  WORKER_KILLED: "the worker's process died",
  WORKER_THROTTLED: "Lambda had no capacity left for the worker",
  WORKER_STORE_UNAVAILABLE: "the table could not be reached",
  WORKER_DEFINITION_UNAVAILABLE: "the file of its definition could not be imported",
  WORKER_OVERTAKEN: "invocations of the worker overtook each other",
  WORKER_LAMBDA_FAILED: "Lambda did not say what became of the worker",
  WORKER_CODE: "the worker's code could not be run",
};
export const CODES = Object.keys(ENDINGS);

// How far back they are counted: as the URL has it, and in words.
export const PERIODS = { "24h": "day", "7d": "7 days" };
const SECONDS = { "24h": 86_400, "7d": 604_800 };

export const startOf = (period, now) => new Date(now - SECONDS[period] * 1_000).toISOString();

export const totalEnded = (counts) => counts.reduce((sum, { count }) => sum + count, 0);
