// The course of a task, from its log and from the histories of its executions.
import { kindOf, waitOf } from "./lines.js";

// So many entries in a row that are all alike are shown as one.
const MOST_ALIKE = 12;
// Those that came last stay as they are.
const KEPT = 2;
const WOKEN = "Woken";
// The clocks of Lambda and of Step Functions differ by so much at most.
const SLACK_MS = 1_500;

const time = (text) => (text ? Date.parse(text) : null);

// The course of a task: entries in their order, and the span of time that they are in.
//   task: as the API has it
//   logs: of its iterations, in their order, as far as they were read
//   hasAllLogs: whether the first of them is there
//   executions: [{ name, history }] in their order; `history` of visitsOf, or null
// An entry has `kind`, `at` and `until` (milliseconds; null: it goes on), and what belongs to it:
//   visit: iterations [from, to], attempts, lines, errors, isCut, isStopped
//   wait: isStopped, isWoken, isPlanned; end: status; others: `line`, of the log
export const timelineOf = ({ task, logs, hasAllLogs, executions, now }) => {
  const known = new Map(executions.map(({ name, history }) => [name, history]));
  const names = [...new Set([...logs.map((log) => log.executionName), ...known.keys()])];
  const counted = { last: hasAllLogs ? 0 : null };
  const ends = endsOfWaits(logs);
  const entries = [{ kind: "created", at: time(task.createdOn), until: null, isMoment: true }];
  for (const name of names.filter(Boolean)) {
    const own = logs.filter((log) => log.executionName === name && log.iteration > 0);
    const history = known.get(name);
    entries.push(
      ...(history
        ? ofHistory(name, history, own, counted)
        : ofLogs(name, own, counted, { ends, now })),
    );
  }
  entries.push(...told(logs, known), ...standing(task));
  if (task.finishedOn) {
    entries.push({
      kind: "end",
      at: time(task.finishedOn),
      status: task.taskStatus,
      isMoment: true,
    });
  }
  const sorted = entries
    .map((entry, place) => ({ ...entry, place }))
    .sort((one, other) => one.at - other.at || rank(one) - rank(other) || one.place - other.place)
    .map((entry, place) => ({ ...entry, place, key: keyOf(entry) }));
  const until = time(task.finishedOn) ?? now;
  return {
    entries: sorted,
    span: [sorted[0].at, Math.max(until, ...sorted.map((each) => each.until ?? each.at))],
  };
};

const RANKS = { created: 0, execution: 1, over: 3, end: 4 };
const rank = ({ kind }) => RANKS[kind] ?? 2;
const keyOf = ({ kind, at, name = "", iterations, place }) =>
  `${kind} ${at} ${name} ${iterations?.[0] ?? ""} ${kind === "line" ? place : ""}`;

const ofHistory = (name, history, logs, counted) => {
  const visits = history.visits.map((visit) => ({ kind: "visit", name, logs: [], ...visit }));
  // Of a history that is cut, the visits of earlier iterations are not known.
  const first = history.isWhole ? visits[0] : undefined;
  for (const log of logs) (visitAt(visits, time(log.createdOn)) ?? first)?.logs.push(log);
  return [
    ...(history.startedAt
      ? [{ kind: "execution", name, at: history.startedAt, until: null, isMoment: true }]
      : []),
    ...visits.map((visit) => withIterations(visit, counted)),
    ...history.waits.map((wait) => ({
      kind: "wait",
      name,
      ...wait,
      isWoken: wait.isStopped && history.over?.error === WOKEN,
    })),
    ...history.redrives.map((at) => ({ kind: "redrive", name, at, isMoment: true })),
    ...overOf(name, history),
  ];
};

// The visit that something happened in, by Lambda's clock.
const visitAt = (visits, at) => {
  const place = visits.findLastIndex((visit) => visit.at <= at);
  const [visit, next] = [visits[place], visits[place + 1]];
  const isBetween = !visit || (visit.until && at > visit.until);
  return next && isBetween && next.at - at < SLACK_MS ? next : visit;
};

// An execution that ended otherwise than by its task's doing: `Error` is where a task fails, and a
// task that is woken has another one.
const overOf = (name, { over, end }) =>
  over && over.status !== "succeeded" && end?.state !== "Error" && over.error !== WOKEN
    ? [
        {
          kind: "over",
          name,
          at: over.at,
          status: over.status,
          error: over.error,
          isMoment: true,
        },
      ]
    : [];

// Which iterations a visit had: the last one of each is in the log, those before may be silent.
const withIterations = ({ logs, ...visit }, counted) => {
  if (!logs.length) {
    counted.last = null;
    return { ...visit, iterations: null, lines: 0, errors: 0 };
  }
  const numbers = logs.map((log) => log.iteration);
  const to = numbers.reduce((most, each) => Math.max(most, each));
  const least = numbers.reduce((most, each) => Math.min(most, each));
  const from = counted.last == null ? least : Math.min(least, counted.last + 1);
  counted.last = to;
  const lines = logs.flatMap((log) => log.items ?? []);
  const errors = lines.filter((line) => line.type === "error").length;
  return { ...visit, iterations: [from, to], lines: lines.length, errors };
};

// The same of an execution without a history: iterations between two waits are told as one visit.
const ofLogs = (name, logs, counted, { ends, now }) => {
  const found = [];
  let own = [];
  const close = (until) => {
    if (!own.length) return;
    const visit = {
      kind: "visit",
      name,
      at: time(own[0].createdOn),
      until,
      attempts: [],
      logs: own,
    };
    found.push(withIterations(visit, counted));
    own = [];
  };
  logs.forEach((log, place) => {
    own.push(log);
    const items = log.items ?? [];
    const last = items.findLast((line) => waitOf(line) != null);
    if (last) {
      const at = time(last.createdOn);
      const planned = at + waitOf(last) * 1_000;
      const until = Math.min(planned, ends.find((end) => end > at) ?? planned);
      close(at);
      found.push({
        kind: "wait",
        name,
        at,
        until: until > now ? null : until,
        isPlanned: true,
      });
    } else if (place === logs.length - 1) {
      close(time(items.at(-1)?.createdOn ?? log.createdOn));
    }
  });
  return found;
};

// The moments at which a wait is over, if there is one: another iteration begins, or somebody has
// ended it.
const endsOfWaits = (logs) =>
  logs
    .flatMap((log) => [
      time(log.createdOn),
      ...(log.items ?? [])
        .filter((line) => ["now", "pause"].includes(kindOf(line)))
        .map((line) => time(line.createdOn)),
    ])
    .sort((one, other) => one - other);

// What the log tells beside the iterations. A crash is in the history, where there is one.
const told = (logs, known) =>
  logs.flatMap((log) =>
    (log.items ?? []).flatMap((line) => {
      const tells = kindOf(line);
      if (!tells || (tells === "crash" && known.get(log.executionName))) return [];
      return [
        {
          kind: "line",
          tells,
          line,
          at: time(line.createdOn),
          until: null,
          isMoment: true,
        },
      ];
    }),
  );

// What an open task is held up by.
const standing = (task) => [
  ...(task.queuedOn ? [{ kind: "queue", at: time(task.queuedOn), until: null }] : []),
  ...(task.pausedOn
    ? [{ kind: "held", at: time(task.pausedOn), until: null, by: task.pausedWith }]
    : []),
];

const isPlain = (entry) =>
  (entry.kind === "wait" && entry.until && !entry.isStopped) ||
  (entry.kind === "visit" &&
    entry.until &&
    !entry.errors &&
    !entry.isStopped &&
    entry.attempts.every((attempt) => attempt.outcome === "done") &&
    entry.attempts.length < 2);

// The same entries; of a long row that went as it should, one that has them all.
export const collapsed = (entries) => {
  const found = [];
  let row = [];
  const close = () => {
    const hidden = row.length > MOST_ALIKE ? row.slice(0, -KEPT) : [];
    if (hidden.length) found.push(groupOf(hidden));
    found.push(...row.slice(hidden.length));
    row = [];
  };
  for (const entry of entries) {
    if (isPlain(entry)) row.push(entry);
    else {
      close();
      found.push(entry);
    }
  }
  close();
  return found;
};

const groupOf = (entries) => {
  const numbers = entries.flatMap((entry) => entry.iterations ?? []);
  const visits = entries.filter((entry) => entry.kind === "visit");
  return {
    kind: "group",
    key: `group ${entries[0].key}`,
    at: entries[0].at,
    until: entries.at(-1).until,
    iterations: numbers.length ? [numbers[0], numbers.at(-1)] : null,
    visits: visits.length,
    waits: entries.length - visits.length,
    waited: entries
      .filter((entry) => entry.kind === "wait")
      .reduce((sum, entry) => sum + (entry.until - entry.at), 0),
    entries,
  };
};

// Where an entry is in the span, in percent: { left, width }.
export const barOf = ({ at, until }, [from, to], now) => {
  const whole = Math.max(1, to - from);
  const left = Math.min(100, Math.max(0, ((at - from) / whole) * 100));
  const width = Math.max(0, (((until ?? now) - at) / whole) * 100);
  return { left, width: Math.min(width, 100 - left) };
};
