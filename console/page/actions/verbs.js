// What can be said of a task: when it fits, what it is called, and how the API is asked.
import { isOpen } from "../words.js";

const task = (name, more = "", given = "") => `mutation($id: ID!${more}) {
  backgroundTasks {
    ${name}(id: $id${given}) { data { id taskStatus } error { message code data } }
  }
}`;

const isFailed = ({ taskStatus }) => taskStatus === "failed" || taskStatus === "aborted";

const isAhead = (moment, now) => Boolean(moment) && new Date(moment) > now;

// Each verb:
//   fits: (task, now) => whether it can be said of a task
//   letter: the permission that it needs; asks: whether it can't be undone
//   repeats: whether twice is as good as once
//   button: its own word; doing, done: while it is said, and then; of: which tasks it is said of
export const VERBS = {
  runNow: {
    fits: (one, now = Date.now()) =>
      isOpen(one) &&
      !one.pausedOn &&
      !one.queuedOn &&
      (Boolean(one.waitingUntil) || isAhead(one.startsOn, now)),
    letter: "w",
    repeats: true,
    button: "Run now",
    of: ["waiting task", "waiting tasks"],
    done: "set off",
    doing: "Setting off",
    operation: "runTaskNow",
    document: task("runTaskNow"),
  },
  pause: {
    fits: (one) => isOpen(one) && !one.pausedOn,
    letter: "w",
    repeats: true,
    button: "Pause",
    of: ["open task", "open tasks"],
    done: "paused",
    doing: "Pausing",
    operation: "pauseTask",
    document: task("pauseTask"),
  },
  resume: {
    fits: (one) => isOpen(one) && Boolean(one.pausedOn),
    letter: "w",
    repeats: true,
    button: "Resume",
    of: ["paused task", "paused tasks"],
    done: "resumed",
    doing: "Resuming",
    operation: "resumeTask",
    document: task("resumeTask"),
  },
  signal: {
    fits: isOpen,
    letter: "w",
    repeats: true, // with a key, which each one has
    isOfOne: true,
    button: "Signal",
    of: ["open task", "open tasks"],
    done: "sent a signal",
    doing: "Sending",
    operation: "signalTask",
    document: task(
      "signalTask",
      ", $name: String!, $data: JSON, $key: String",
      ", name: $name, data: $data, key: $key",
    ),
  },
  retry: {
    fits: (one) => isFailed(one) && !one.retriedBy,
    letter: "w",
    repeats: true,
    button: "Retry",
    of: ["failed or aborted task", "failed and aborted tasks"],
    done: "retried",
    doing: "Retrying",
    operation: "retryTask",
    many: "retryTasks",
    document: task(
      "retryTask",
      ", $input: JSON, $fromStart: Boolean",
      ", input: $input, fromStart: $fromStart",
    ),
  },
  abort: {
    fits: isOpen,
    letter: "w",
    asks: true,
    repeats: false,
    button: "Abort",
    of: ["open task", "open tasks"],
    done: "aborted",
    doing: "Aborting",
    operation: "abortTask",
    many: "abortTasks",
    document: task("abortTask", ", $message: String", ", message: $message"),
  },
  delete: {
    fits: (one) => !isOpen(one),
    letter: "d",
    asks: true,
    repeats: false,
    button: "Delete",
    of: ["task that is over", "tasks that are over"],
    done: "deleted",
    doing: "Deleting",
    operation: "deleteTask",
    many: "deleteTasks",
    document: `mutation($id: ID!) {
  backgroundTasks { deleteTask(id: $id) { data error { message code data } } }
}`,
  },
};

// Whether a caller may say a verb of a task: with `own`, of those that the caller has triggered.
export const maySay = (verb, one, caller) => {
  const { letter } = VERBS[verb];
  if (!caller?.permissions?.includes(letter)) return false;
  const creator = one?.createdBy?.id;
  return !caller.ownPermissions?.includes(letter) || creator === undefined || creator === caller.id;
};

// The verbs that fit a task, and that the caller may say.
export const verbsOf = (one, caller, now) =>
  Object.keys(VERBS).filter((verb) => VERBS[verb].fits(one, now) && maySay(verb, one, caller));

// Why a caller may say nothing of a task that could be said of it; "" if nothing keeps them.
export const whyReadOnly = (one, caller) => {
  if (!caller) return "";
  const fitting = Object.keys(VERBS).filter((verb) => VERBS[verb].fits(one));
  if (fitting.length === 0 || fitting.some((verb) => maySay(verb, one, caller))) return "";
  const letters = [...new Set(fitting.map((verb) => VERBS[verb].letter))];
  if (letters.some((letter) => caller.permissions.includes(letter))) {
    return "You may only read this task: you may change those that you have triggered.";
  }
  const missing = letters.map((letter) => `${letter} (${LETTERS[letter]})`).join(" or ");
  return `You may only read: you have no permission ${missing}.`;
};

const LETTERS = { w: "to change tasks", d: "to delete them" };

// How many of some tasks each verb fits, where it fits any: { abort: [...tasks] }.
export const fitting = (tasks, caller, now) =>
  Object.fromEntries(
    Object.keys(VERBS)
      .filter((verb) => !VERBS[verb].isOfOne)
      .map((verb) => [
        verb,
        tasks.filter((one) => VERBS[verb].fits(one, now) && maySay(verb, one, caller)),
      ])
      .filter(([, found]) => found.length > 0),
  );

// A filter without what says nothing; the API refuses one that has nothing else.
export const saidOf = (where) =>
  Object.fromEntries(
    Object.entries(where ?? {}).filter(
      ([, value]) => value !== "" && value != null && !(Array.isArray(value) && value.length === 0),
    ),
  );
