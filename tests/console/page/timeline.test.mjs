import assert from "node:assert/strict";
import { test } from "node:test";

import { barOf, collapsed, timelineOf } from "../../../console/page/task/timeline.js";

const START = Date.parse("2030-01-01T00:00:00Z");
const at = (seconds) => new Date(START + seconds * 1_000).toISOString();
const NOW = START + 1_000_000;

const line = (seconds, message, more = {}) => ({
  message,
  type: "info",
  createdOn: at(seconds),
  ...more,
});
const log = (iteration, seconds, items, executionName = "one") => ({
  iteration,
  executionName,
  createdOn: at(seconds),
  items: items ?? [line(seconds, "Task continuing.")],
});
const visit = (from, to, attempts = [{ at: from, until: to, outcome: "done" }]) => ({
  at: START + from * 1_000,
  until: to == null ? null : START + to * 1_000,
  attempts,
  isCut: false,
  isStopped: false,
});
const history = (more = {}) => ({
  startedAt: START,
  visits: [],
  waits: [],
  redrives: [],
  end: null,
  over: null,
  transitions: 0,
  isWhole: true,
  ...more,
});
const task = (more = {}) => ({
  id: "t",
  createdOn: at(0),
  taskStatus: "running",
  iterations: 1,
  ...more,
});
const made = (given) =>
  timelineOf({ task: task(), logs: [], hasAllLogs: true, executions: [], now: NOW, ...given })
    .entries;
const kinds = (entries) => entries.map((entry) => entry.tells ?? entry.kind);

test("a visit has the iterations from behind the visit before to the last that it has logged", () => {
  const entries = made({
    logs: [log(11, 5), log(2_011, 40)],
    executions: [{ name: "one", history: history({ visits: [visit(1, 6), visit(6.5, 41)] }) }],
  });

  assert.deepEqual(
    entries.filter(({ kind }) => kind === "visit").map(({ iterations }) => iterations),
    [
      [1, 11],
      [12, 2_011],
    ],
  );
});

test("of a log that is read in part, nobody knows where its first visit began", () => {
  const entries = made({
    logs: [log(11, 5)],
    hasAllLogs: false,
    executions: [{ name: "one", history: history({ visits: [visit(1, 6)] }) }],
  });

  assert.deepEqual(entries.find(({ kind }) => kind === "visit").iterations, [11, 11]);
});

test("clocks that differ by a second put no iteration into the visit before", () => {
  const entries = made({
    logs: [log(1, 1.2), log(2, 9.4)],
    executions: [{ name: "one", history: history({ visits: [visit(1, 2), visit(10, 11)] }) }],
  });

  assert.deepEqual(
    entries.filter(({ kind }) => kind === "visit").map(({ iterations }) => iterations),
    [
      [1, 1],
      [2, 2],
    ],
  );
});

test("without a history, the log tells of visits and of waits", () => {
  const wait = line(2, "Task continuing.", { data: { wait: 60 } });
  const entries = made({
    logs: [log(1, 1), log(2, 2, [wait]), log(3, 30)],
    executions: [{ name: "one", history: null }],
  });
  const found = entries.filter(({ kind }) => kind === "visit" || kind === "wait");

  assert.deepEqual(
    found.map(({ kind, iterations }) => [kind, iterations]),
    [
      ["visit", [1, 2]],
      ["wait", undefined],
      ["visit", [3, 3]],
    ],
  );
  assert.equal((found[1].until - found[1].at) / 1_000, 28);
});

test("a wait that the log alone tells goes on until its time is over", () => {
  const wait = line(2, "Task continuing.", { data: { wait: 10_000 } });
  const entries = made({ logs: [log(1, 1, [wait])] });

  assert.equal(entries.find(({ kind }) => kind === "wait").until, null);
});

test("signals, pauses, retries and moves are told in their order", () => {
  const entries = made({
    logs: [
      log(1, 1, [
        line(1, "Attempt 1 of 3 failed, the next one is in 10 s: no file", {
          type: "error",
        }),
        line(3, 'The signal "approved" has come.'),
        line(4, "The task was paused."),
        line(5, "The task was resumed."),
        line(6, "Its wait was ended: it runs now."),
        line(7, "The task moves on to a new execution."),
        line(8, "Anything else."),
      ]),
    ],
    executions: [{ name: "one", history: history() }],
  });

  assert.deepEqual(kinds(entries), [
    "created",
    "execution",
    "retry",
    "signal",
    "pause",
    "resume",
    "now",
    "moved",
  ]);
});

test("a crash is told by the history where there is one, and else by the log", () => {
  const logs = [
    log(1, 1, [line(1, "The iteration before did not end: the worker's process died.")]),
  ];

  assert.ok(kinds(made({ logs })).includes("crash"));
  assert.ok(
    !kinds(made({ logs, executions: [{ name: "one", history: history() }] })).includes("crash"),
  );
});

test("an execution that failed with its task is not told twice", () => {
  const over = { at: START + 9_000, status: "failed", error: "NO_FILE" };
  const ended = (state) =>
    kinds(
      made({
        task: task({ taskStatus: "failed", finishedOn: at(9) }),
        executions: [{ name: "one", history: history({ over, end: { at: over.at, state } }) }],
      }),
    );

  assert.deepEqual(ended("Error"), ["created", "execution", "end"]);
  assert.deepEqual(ended("UnknownError"), ["created", "execution", "over", "end"]);
});

test("what an open task is held up by is told as well", () => {
  const entries = made({ task: task({ queuedOn: at(1), pausedOn: at(2), pausedWith: "all" }) });

  assert.deepEqual(kinds(entries), ["created", "queue", "held"]);
});

test("a long row of visits and waits that went well is one entry, and the last two stay", () => {
  const visits = Array.from({ length: 1_000 }, (_, turn) => visit(turn * 10, turn * 10 + 1));
  const waits = visits.map(({ until }) => ({
    at: until,
    until: until + 9_000,
    isStopped: false,
  }));
  const logs = visits.map((_, turn) => log(turn + 1, turn * 10 + 0.5));
  const entries = made({
    logs,
    executions: [{ name: "one", history: history({ visits, waits }) }],
  });
  const found = collapsed(entries);
  const group = found.find(({ kind }) => kind === "group");

  assert.deepEqual(kinds(found), ["created", "execution", "group", "visit", "wait"]);
  assert.deepEqual(group.iterations, [1, 999]);
  assert.deepEqual([group.visits, group.waits], [999, 999]);
  assert.equal(group.waited / group.waits, 9_000);
});

test("a crash among them is not hidden", () => {
  const died = [{ at: 0, until: 1, outcome: "failed", failure: "killed" }];
  const visits = Array.from({ length: 40 }, (_, turn) =>
    visit(turn, turn + 0.5, turn === 20 ? died : undefined),
  );
  const found = collapsed(made({ executions: [{ name: "one", history: history({ visits }) }] }));

  assert.deepEqual(kinds(found).slice(2), [
    "group",
    "visit",
    "visit",
    "visit",
    "group",
    "visit",
    "visit",
  ]);
});

test("each entry has a key of its own", () => {
  const twice = [line(1, "The task was paused."), line(1, "The task was paused.")];
  const entries = made({ logs: [log(1, 1, twice)] });

  assert.equal(new Set(entries.map(({ key }) => key)).size, entries.length);
});

test("a bar stands where its time is, within the whole", () => {
  assert.deepEqual(barOf({ at: 50, until: 75 }, [0, 100], 100), { left: 50, width: 25 });
  assert.deepEqual(barOf({ at: 50, until: null }, [0, 100], 100), { left: 50, width: 50 });
  assert.deepEqual(barOf({ at: 0, until: 500 }, [0, 100], 100), { left: 0, width: 100 });
});
