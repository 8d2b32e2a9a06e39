import assert from "node:assert/strict";
import { test } from "node:test";
import { CODES, startOf } from "../../../console/page/health/endings.js";
import { lineReader } from "../../../console/page/health/lines.js";
import { holdOf, isIdle, oldestOf, versionsOf } from "../../../console/page/health/open_tasks.js";
import { bySeverity } from "../../../console/page/health/severity.js";
import { troublesOf, verdictOf } from "../../../console/page/health/verdict.js";

const NOW = Date.UTC(2027, 2, 10, 12);
const at = (minutes) => new Date(NOW + minutes * 60_000).toISOString();
const finding = (check, state) => ({ check, state, value: "", expected: "", next: "" });

test("lines are read however their pieces are cut", () => {
  const text = '{"a":1}\n{"b":"zwei"}\n{"c":3}\n';
  for (let size = 1; size < text.length; size++) {
    const read = lineReader();
    const found = [];
    for (let place = 0; place < text.length; place += size) {
      found.push(...read(text.slice(place, place + size)));
    }
    assert.deepEqual(found, [{ a: 1 }, { b: "zwei" }, { c: 3 }]);
  }
});

test("a line that is not complete is nothing yet", () => {
  const read = lineReader();
  assert.deepEqual(read('{"a":'), []);
  assert.deepEqual(read("1}\n"), [{ a: 1 }]);
});

test("failures come first, and else the order stays", () => {
  const found = [
    finding("a", "ok"),
    finding("b", "failed"),
    finding("c", "warning"),
    finding("d", "failed"),
  ];
  assert.deepEqual(
    bySeverity(found).map(({ check }) => check),
    ["b", "d", "c", "a"],
  );
});

test("what holds a task is said", () => {
  assert.match(holdOf({ queuedOn: at(-5) }, NOW), /queued for a slot 5 m ago/);
  assert.match(holdOf({ pausedOn: at(-5), queuedOn: at(-9) }, NOW), /^paused/);
  assert.match(holdOf({ startsOn: at(5) }, NOW), /^starts in 5 m/);
  assert.match(holdOf({ waitingUntil: at(60) }, NOW), /goes on in 1 h/);
  assert.equal(holdOf({ waitingFor: { signal: "go" } }, NOW), "waits for the signal “go”");
  assert.equal(holdOf({ waitingFor: { since: at(0) } }, NOW), "waits for its children");
  assert.equal(holdOf({ waitingUntil: at(-1), startsOn: at(-1) }, NOW), "");
});

test("a task is idle when nothing holds it and it has not moved for twenty minutes", () => {
  const old = { createdOn: at(-60) };
  assert.equal(isIdle(old, NOW), true);
  assert.equal(isIdle({ ...old, savedOn: at(-19) }, NOW), false);
  assert.equal(isIdle({ ...old, startsOn: at(-10) }, NOW), false);
  assert.equal(isIdle({ ...old, queuedOn: at(-60) }, NOW), false);
  assert.equal(isIdle({ ...old, waitingUntil: at(600) }, NOW), false);
  assert.equal(isIdle({ ...old, waitingUntil: at(-30) }, NOW), true);
});

test("the oldest of a status are five at most", () => {
  const tasks = Array.from({ length: 12 }, (_, id) => ({
    id,
    taskStatus: id % 2 ? "running" : "pending",
  }));
  assert.deepEqual(
    oldestOf(tasks, "running").map(({ id }) => id),
    [1, 3, 5, 7, 9],
  );
});

test("versions are counted, the most used first", () => {
  const tasks = [{ codeVersion: "a" }, { codeVersion: "b" }, { codeVersion: "b" }, {}];
  assert.deepEqual(versionsOf(tasks), [
    { version: "b", count: 2 },
    { version: "a", count: 1 },
    { version: null, count: 1 },
  ]);
});

test("what needs a look is counted once", () => {
  const troubles = troublesOf({
    queues: [
      { name: "deadLetters", count: 2 },
      { name: "recoveryFailures", count: 0 },
    ],
    open: [{ createdOn: at(-60) }, { createdOn: at(-60), queuedOn: at(-60) }],
    ended: [{ code: "NEVER_CLAIMED", count: 3 }],
    findings: [
      finding("dead letters", "warning"),
      finding("schedules", "failed"),
      finding("API", "ok"),
    ],
    now: NOW,
  });
  assert.deepEqual(
    troubles.map(({ words }) => words),
    [
      "2 dead letters",
      "1 open task should have moved by now",
      "3 tasks ended from outside",
      "schedules: failed",
    ],
  );
});

test("where the page could not look at the queues, the doctor's word counts", () => {
  const findings = [finding("dead letters", "warning")];
  const [only] = troublesOf({ findings, now: NOW });
  assert.equal(only.words, "dead letters: a warning");
});

test("one line says all of it", () => {
  const words = (troubles, unknown, isLooking) => verdictOf({ troubles, unknown, isLooking }).words;
  assert.equal(words(0, 0, false), "All is well");
  assert.equal(words(1, 0, false), "1 thing needs a look");
  assert.equal(words(3, 1, false), "3 things need a look, and 1 thing could not be looked at");
  assert.match(words(0, 2, false), /2 things could not$/);
  assert.equal(words(2, 0, true), "2 things need a look so far");
  assert.equal(words(0, 0, true), "Looking");
});

test("a period begins as long ago as it says", () => {
  assert.equal(startOf("24h", NOW), at(-24 * 60));
  assert.equal(startOf("7d", NOW), at(-7 * 24 * 60));
});

test("no code is counted twice", () => {
  assert.equal(new Set(CODES).size, CODES.length);
});

test("what somebody may have meant so needs a look, and is no failure", () => {
  const paused = { check: "schedules", state: "warning" };
  const troubles = troublesOf({
    findings: [paused],
    pauses: [{ definitionId: "export" }, { definitionId: null }],
    now: 0,
  });

  assert.deepEqual(
    troubles.map(({ words }) => words),
    ["all definitions are paused", "schedules: a warning"],
  );
  assert.ok(troubles.every(({ isMild }) => isMild));
  const verdict = verdictOf({ troubles: 2, unknown: 0, isLooking: false, isMild: true });
  assert.deepEqual(verdict, { sign: "▲", words: "2 things need a look", look: "paused" });
});
