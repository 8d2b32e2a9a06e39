import assert from "node:assert/strict";
import { test } from "node:test";

import { costOf } from "../../../console/page/task/cost.js";

const attempt = (seconds, more = {}) => ({
  at: 0,
  until: seconds * 1_000,
  outcome: "done",
  ...more,
});
const history = (attempts, more = {}) => ({
  visits: [{ attempts }],
  transitions: 4,
  isWhole: true,
  over: { status: "succeeded" },
  ...more,
});
const cost = (executions, more = {}) =>
  costOf({ task: { iterations: 1 }, executions, isCut: false, now: 60_000, ...more });

test("Lambda's seconds are those of all attempts", () => {
  const found = cost([
    { history: history([attempt(2, { outcome: "failed", failure: "killed" }), attempt(1)]) },
  ]);

  assert.equal(found.lambdaSeconds, 3);
  assert.equal(found.invocations, 2);
  assert.equal(found.isLeast, false);
});

test("what Lambda had no room for costs no second of it", () => {
  const found = cost([
    { history: history([attempt(2, { outcome: "failed", failure: "throttled" }), attempt(1)]) },
  ]);

  assert.equal(found.lambdaSeconds, 1);
  assert.equal(found.invocations, 1);
});

test("an attempt that runs has cost what it took so far", () => {
  const found = cost([
    { history: history([{ at: 50_000, until: null, outcome: null }], { over: null }) },
  ]);

  assert.equal(found.lambdaSeconds, 10);
  assert.equal(found.isLeast, true);
});

test("transitions are those of all executions", () => {
  const two = [
    { history: history([attempt(1)]) },
    { history: history([attempt(1)], { transitions: 7 }) },
  ];

  assert.equal(cost(two).transitions, 11);
});

test("of a history that is cut, or is not there, it is at least so much", () => {
  assert.equal(cost([{ history: history([attempt(1)], { isWhole: false }) }]).isLeast, true);
  assert.equal(cost([{ history: history([attempt(1)]) }, { history: null }]).isLeast, true);
  assert.equal(cost([{ history: history([attempt(1)]) }], { isCut: true }).isLeast, true);
});

test("without any history, the requests alone are known", () => {
  const found = cost([{ history: null }], { task: { iterations: 12 } });

  assert.equal(found.lambdaSeconds, null);
  assert.equal(found.transitions, null);
  assert.equal(found.requests, 14);
  assert.equal(found.isLeast, true);
});

test("an iteration in place is one request, and one with a visit of its own is two", () => {
  const inPlace = cost([{ history: history([attempt(9)]) }], { task: { iterations: 600 } });
  const visits = cost([{ history: history([attempt(1), attempt(1), attempt(1)]) }], {
    task: { iterations: 3 },
  });

  assert.equal(inPlace.requests, 1 + 600 + 1);
  assert.equal(visits.requests, 1 + 3 * 2);
});

test("a task that has not begun has cost its trigger", () => {
  assert.equal(cost([], { task: { iterations: 0 } }).requests, 1);
});
