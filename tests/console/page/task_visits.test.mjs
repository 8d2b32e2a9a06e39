import assert from "node:assert/strict";
import { test } from "node:test";

import { visitsOf } from "../../../console/page/task/visits.js";

const START = Date.parse("2030-01-01T00:00:00Z");

// Events from [seconds, type, more], numbered from `first` on.
export const events = (rows, first = 1) =>
  rows.map(([seconds, type, more], place) => ({
    id: first + place,
    at: new Date(START + seconds * 1_000).toISOString(),
    type,
    ...more,
  }));

const RUN = { state: "Run" };
const DIED = {
  failure: "killed",
  error: "Runtime.ExitError",
  cause: "exit status 3",
  why: "it died",
};

const begun = [
  [0, "ExecutionStarted"],
  [0, "PassStateEntered", { state: "TransformEvent" }],
  [0, "PassStateExited", { state: "TransformEvent" }],
];
const visited = (at, took = 1) => [
  [at, "TaskStateEntered", RUN],
  [at, "TaskScheduled"],
  [at, "TaskStarted"],
  [at + took, "TaskSucceeded"],
  [at + took, "TaskStateExited", RUN],
  [at + took, "ChoiceStateEntered", { state: "CheckStatus" }],
  [at + took, "ChoiceStateExited", { state: "CheckStatus" }],
];
const waited = (at, took) => [
  [at, "WaitStateEntered", { state: "Wait" }],
  [at + took, "WaitStateExited", { state: "Wait" }],
];
const done = (at) => [
  [at, "SucceedStateEntered", { state: "Done" }],
  [at, "SucceedStateExited", { state: "Done" }],
  [at, "ExecutionSucceeded"],
];

test("each entry of Run is a visit, and each wait has its seconds", () => {
  const found = visitsOf(
    events([...begun, ...visited(1), ...waited(2, 10), ...visited(12, 2), ...done(14)]),
  );

  assert.deepEqual(
    found.visits.map(({ at, until }) => [(at - START) / 1_000, (until - START) / 1_000]),
    [
      [1, 2],
      [12, 14],
    ],
  );
  assert.deepEqual(
    found.waits.map(({ at, until }) => (until - at) / 1_000),
    [10],
  );
  assert.equal(found.end.state, "Done");
  assert.equal(found.over.status, "succeeded");
  assert.equal(found.isWhole, true);
});

test("AWS bills a start with an end as four transitions, and a wait as three more", () => {
  assert.equal(visitsOf(events([...begun, ...visited(1), ...done(2)])).transitions, 4);
  const withWait = [...begun, ...visited(1), ...waited(2, 5), ...visited(7), ...done(8)];
  assert.equal(visitsOf(events(withWait)).transitions, 7);
});

test("a retry is another attempt of the same visit, and a transition", () => {
  const found = visitsOf(
    events([
      ...begun,
      [1, "TaskStateEntered", RUN],
      [1, "TaskScheduled"],
      [1, "TaskStarted"],
      [3, "TaskFailed", DIED],
      [8, "TaskScheduled"],
      [8, "TaskTimedOut", { ...DIED, failure: "timeout", error: "States.Timeout" }],
      [9, "TaskScheduled"],
      [10, "TaskSucceeded"],
      [10, "TaskStateExited", RUN],
    ]),
  );

  assert.equal(found.visits.length, 1);
  assert.deepEqual(
    found.visits[0].attempts.map(({ outcome, failure }) => [outcome, failure]),
    [
      ["failed", "killed"],
      ["failed", "timeout"],
      ["done", undefined],
    ],
  );
  assert.equal(found.transitions, 2 + 2);
});

test("an attempt begins when Lambda was asked, not when it was scheduled", () => {
  const rows = [...begun, [1, "TaskStateEntered", RUN], [1, "TaskScheduled"], [4, "TaskStarted"]];

  assert.equal(visitsOf(events(rows)).visits[0].attempts[0].at, START + 4_000);
});

test("an invocation that Lambda refuses is an attempt that failed", () => {
  const found = visitsOf(
    events([
      ...begun,
      [1, "TaskStateEntered", RUN],
      [1, "TaskScheduled"],
      [2, "TaskStartFailed", DIED],
    ]),
  );

  assert.equal(found.visits[0].attempts[0].outcome, "failed");
});

test("a wait that was stopped ends with its execution", () => {
  const rows = [
    ...begun,
    ...visited(1),
    [2, "WaitStateEntered"],
    [9, "ExecutionAborted", { error: "Woken" }],
  ];
  const found = visitsOf(events(rows));

  assert.deepEqual(found.waits[0], { at: START + 2_000, until: START + 9_000, isStopped: true });
  assert.deepEqual(found.over, { at: START + 9_000, status: "stopped", error: "Woken" });
});

test("an execution that was redriven goes on", () => {
  const failed = [
    [2, "FailStateEntered", { state: "UnknownError" }],
    [2, "ExecutionFailed", { error: "X" }],
  ];
  const found = visitsOf(events([...begun, ...visited(1), ...failed, [60, "ExecutionRedriven"]]));

  assert.equal(found.over, null);
  assert.deepEqual(found.redrives, [START + 60_000]);
});

test("a history that is read from the middle on says so", () => {
  const rows = [[5, "TaskSucceeded"], [5, "TaskStateExited", RUN], ...waited(5, 1)];
  const found = visitsOf(events(rows, 1_001));

  assert.equal(found.isWhole, false);
  assert.equal(found.visits[0].isCut, true);
  assert.equal(found.visits[0].until, START + 5_000);
});

test("events in any order are the same history", () => {
  const whole = events([...begun, ...visited(1), ...done(2)]);

  assert.deepEqual(visitsOf([...whole].reverse()), visitsOf(whole));
});

test("a history of 25,000 events is read in a moment", () => {
  const rows = [...begun];
  for (let turn = 0; turn < 2_700; turn += 1)
    rows.push(...visited(turn * 10), ...waited(turn * 10 + 1, 9));
  const began = performance.now();

  assert.equal(visitsOf(events(rows)).visits.length, 2_700);
  assert.ok(performance.now() - began < 2_000);
});
