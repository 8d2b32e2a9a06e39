import assert from "node:assert/strict";
import { test } from "node:test";
import { batches, counted, groupsOf, numberOf } from "../../../console/page/tasks/grouping.js";

const failed = (id, errorCode, definitionId, second) => ({
  id,
  errorCode,
  definitionId,
  finishedOn: `2030-01-31T12:00:0${second}.000Z`,
});
const TASKS = [
  failed("1", "NO_INDEX", "export", 1),
  failed("2", "NO_INDEX", "import", 3),
  failed("3", null, "export", 2),
  failed("4", "NO_INDEX", "export", 2),
  failed("5", "constructor", "export", 5),
  failed("6", "constructor", "export", 4),
];

test("failed tasks are grouped by code, the largest group first, and by definition within", () => {
  const groups = groupsOf(TASKS);
  assert.deepEqual(
    groups.map(({ code, count, newest }) => [code, count, newest.id]),
    [
      ["NO_INDEX", 3, "2"],
      ["constructor", 2, "5"],
      [null, 1, "3"],
    ],
  );
  assert.deepEqual(
    groups[0].definitions.map(({ id, count }) => [id, count]),
    [
      ["export", 2],
      ["import", 1],
    ],
  );
});

test("the API's counts put the largest group first", () => {
  const counts = new Map([["constructor", { number: 900, isCapped: false }]]);
  const groups = counted(groupsOf(TASKS), counts);
  assert.deepEqual(
    groups.map(({ code }) => code),
    ["constructor", "NO_INDEX", null],
  );
  assert.deepEqual(groups.map(numberOf), [900, 3, 1]);
});

test("a count that ended early is no less than what was seen", () => {
  const counts = new Map([["NO_INDEX", { number: 1, isCapped: true }]]);
  assert.equal(
    numberOf(counted(groupsOf(TASKS), counts).find(({ code }) => code === "NO_INDEX")),
    3,
  );
});

test("there are no groups without tasks", () => assert.deepEqual(groupsOf([]), []));

test("values come in batches", () => {
  assert.deepEqual(batches([1, 2, 3, 4, 5], 2), [[1, 2], [3, 4], [5]]);
  assert.deepEqual(batches([], 2), []);
});
