import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";

import { executionLink, logLinks, patternOf } from "../../../console/page/task/aws_links.js";
import { kindOf, waitOf } from "../../../console/page/task/lines.js";
import { commandOf, isWanted, linesOf, merged } from "../../../console/page/task/log_lines.js";
import { waitOf as standing } from "../../../console/page/task/reasons.js";

const log = (iteration, ...messages) => ({
  iteration,
  executionName: "one",
  items: messages.map((message) => ({
    message,
    type: message.startsWith("No") ? "error" : "info",
  })),
});

test("two pages are one log, and of an iteration that both have the newer one is taken", () => {
  const found = merged([log(3, "a"), log(4, "b")], [log(4, "b", "c"), log(2, "z")]);

  assert.deepEqual(
    linesOf(found).map(({ iteration, message }) => `${iteration} ${message}`),
    ["2 z", "3 a", "4 b", "4 c"],
  );
});

test("2,000 lines have keys of their own", () => {
  const lines = linesOf([log(1, ...Array(2_000).fill("x")), log(2, "x")]);

  assert.equal(new Set(lines.map(({ key }) => key)).size, 2_001);
});

test("lines are found by their text, their data and their type", () => {
  const [line] = linesOf([log(7, "Nothing found")]);
  const has = (asked) => isWanted({ ...line, data: { path: "/tmp/Ä" } }, asked);

  assert.ok(has({ text: "FOUND" }));
  assert.ok(has({ text: "/TMP/ä" }));
  assert.ok(has({ onlyErrors: true, iterations: [7, 7] }));
  assert.ok(!has({ text: "else" }));
  assert.ok(!has({ iterations: [8, 9] }));
});

test("a line of the task's own that speaks of signals is its own", () => {
  assert.equal(kindOf({ message: 'I think the signal "x" has come.' }), null);
  assert.equal(kindOf({ message: 'The signal "x\ny" has come.' }), "signal");
  assert.equal(kindOf({}), null);
});

test("a wait has its seconds", () => {
  assert.equal(waitOf({ message: "Task continuing.", data: { wait: 5 } }), 5);
  assert.equal(waitOf({ message: "Attempt 1 of 3 failed, the next one is in 10 s: no file" }), 10);
  assert.equal(
    waitOf({ message: "Attempt 1 of 3 failed, its timeout comes before the next one: no" }),
    null,
  );
  assert.equal(waitOf({ message: "Task continuing." }), null);
});

const LINKS = {
  executions:
    "https://eu-central-1.console.aws.amazon.com/states/home?region=eu-central-1#/statemachines/view/arn:aws:states:eu-central-1:1:stateMachine:m",
  workerLog:
    "https://eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1#logsV2:log-groups/log-group/$252Faws$252Flambda$252Fw",
  largeWorkerLog: "https://x/large",
  apiLog: "https://x/api",
};

test("an execution has a page of its own", () => {
  assert.equal(
    executionLink(LINKS, "abc"),
    "https://eu-central-1.console.aws.amazon.com/states/home?region=eu-central-1#/v2/executions/details/arn:aws:states:eu-central-1:1:execution:m:abc",
  );
  assert.equal(executionLink({}, "abc"), null);
  assert.equal(
    executionLink({ executions: "javascript:alert(1)#/statemachines/view/x" }, "abc"),
    null,
  );
});

test("each worker's log has a page at the lines of the iterations", () => {
  const found = logLinks(LINKS, { task: "t1", iterations: [3, 3], from: 100_000, to: 200_000 });

  assert.deepEqual(Object.keys(found), ["default", "large"]);
  const [, query] = found.default.split("/log-events$3FfilterPattern$3D");
  const [pattern, start, end] = query.split(/\$26start\$3D|\$26end\$3D/);
  const twice = decodeURIComponent(decodeURIComponent(pattern.replaceAll("$", "%")));
  assert.equal(twice, '{ $.task_id = "t1" && $.iteration = 3 }');
  assert.deepEqual([start, end], ["40000", "260000"]);
});

test("a command to paste quotes the task's id: a stranger may have named it", () => {
  const command = ".venv/bin/python -m local logs --task";
  assert.equal(commandOf("66f1a2#2026"), `${command} '66f1a2#2026'`);
  assert.equal(commandOf("nightly-1:66f1a2"), `${command} nightly-1:66f1a2`);
  for (const id of ["x; touch y", "$(id)", "`id`", "a\nid", "é", "-x", "a'$(id)'b", "!!"]) {
    const said = execFileSync("/bin/sh", [
      "-c",
      `printf %s ${commandOf(id).slice(command.length)}`,
    ]);
    assert.equal(String(said), id);
  }
});

test("a pattern quotes the task's id", () => {
  assert.equal(patternOf('a"b', null), '{ $.task_id = "a\\"b" }');
  assert.equal(
    patternOf("t", [1, 9]),
    '{ $.task_id = "t" && $.iteration >= 1 && $.iteration <= 9 }',
  );
});

test("what a task waits for is said in words, and what counts down has its moment", () => {
  const until = "2030-01-01T00:00:00Z";
  const said = (more) => standing({ taskStatus: "running", iterations: 1, ...more }, 0);

  assert.deepEqual(said({ waitingFor: { signal: "ok", until } }), {
    words: "waits for the signal “ok”",
    until,
  });
  assert.deepEqual(said({ waitingFor: { signal: null, until } }), {
    words: "waits for its children",
    until,
  });
  assert.deepEqual(said({ waitingUntil: until }), {
    words: "waits for its next iteration",
    until,
  });
  assert.deepEqual(said({ waitingUntil: until, iterations: 0 }), {
    words: "waits for its start",
    until,
  });
  assert.equal(said({ pausedOn: until, pausedWith: "all" }).words, "is paused with all others");
  assert.equal(said({ queuedOn: until, concurrencyKey: "x" }).words, "queues for a slot of “x”");
  assert.equal(said({}), null);
  assert.equal(standing({ taskStatus: "success", waitingUntil: until }, 0), null);
});
