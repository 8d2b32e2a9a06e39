// What can be said of which task, by whom; and of many, one after the other.
import assert from "node:assert/strict";
import { test } from "node:test";
import { oneByOne } from "../../../console/page/actions/one_by_one.js";
import {
  fitting,
  saidOf,
  VERBS,
  verbsOf,
  whyReadOnly,
} from "../../../console/page/actions/verbs.js";
import { changesOf } from "../../../console/page/forms/values.js";
import { isSame } from "../../../console/page/forms/json_text.js";
import { randomly } from "./random_form.mjs";

const WRITER = { id: "anne", permissions: ["r", "w", "d"], ownPermissions: [] };
const NOW = Date.parse("2026-11-28T10:00:00Z");
const verbs = (task, caller = WRITER) => verbsOf(task, caller, NOW);

test("each state has its verbs", () => {
  const held = {
    taskStatus: "running",
    pausedOn: "2026-11-28T09:00:00Z",
    waitingUntil: "2026-11-29T09:00:00Z",
  };
  assert.deepEqual(verbs({ taskStatus: "running" }), ["pause", "signal", "abort"]);
  assert.deepEqual(verbs({ taskStatus: "running", waitingUntil: held.waitingUntil }), [
    "runNow",
    "pause",
    "signal",
    "abort",
  ]);
  assert.deepEqual(verbs({ taskStatus: "pending", startsOn: "2026-11-28T10:00:05Z" }), [
    "runNow",
    "pause",
    "signal",
    "abort",
  ]);
  assert.deepEqual(verbs({ taskStatus: "pending", startsOn: "2026-11-28T09:00:05Z" }), [
    "pause",
    "signal",
    "abort",
  ]);
  assert.deepEqual(
    verbs({ taskStatus: "pending", queuedOn: held.pausedOn, waitingUntil: held.waitingUntil }),
    ["pause", "signal", "abort"],
  );
  assert.deepEqual(verbs(held), ["resume", "signal", "abort"]);
  assert.deepEqual(verbs({ taskStatus: "success" }), ["delete"]);
  assert.deepEqual(verbs({ taskStatus: "failed" }), ["retry", "delete"]);
  assert.deepEqual(verbs({ taskStatus: "aborted", retriedBy: "2" }), ["delete"]);
});

test("what can't be undone asks, and is sent once", () => {
  for (const [verb, { asks, repeats }] of Object.entries(VERBS)) {
    assert.equal(Boolean(asks), ["abort", "delete"].includes(verb));
    assert.equal(repeats, !asks);
  }
});

test("whoever lacks a letter has no button, and is told so", () => {
  const reader = { id: "bob", permissions: ["r"], ownPermissions: [] };
  assert.deepEqual(verbs({ taskStatus: "failed" }, reader), []);
  assert.match(whyReadOnly({ taskStatus: "running" }, reader), /no permission w/);
  assert.match(whyReadOnly({ taskStatus: "success" }, reader), /no permission d/);
  assert.deepEqual(verbs({ taskStatus: "failed" }, { ...reader, permissions: ["r", "w"] }), [
    "retry",
  ]);
  assert.deepEqual(verbs({ taskStatus: "failed" }, null), []);
  assert.equal(whyReadOnly({ taskStatus: "failed" }, undefined), "");
  assert.equal(whyReadOnly({ taskStatus: "failed" }, WRITER), "");
});

test("with `own`, only what the caller has triggered", () => {
  const own = { ...WRITER, ownPermissions: ["w", "d"] };
  assert.deepEqual(verbs({ taskStatus: "success", createdBy: { id: "anne" } }, own), ["delete"]);
  assert.deepEqual(verbs({ taskStatus: "success", createdBy: { id: "bob" } }, own), []);
  assert.match(
    whyReadOnly({ taskStatus: "success", createdBy: { id: "bob" } }, own),
    /that you have triggered/,
  );
});

test("selected tasks are counted by what fits them", () => {
  const tasks = [
    { id: "1", taskStatus: "running" },
    { id: "2", taskStatus: "failed" },
    { id: "3", taskStatus: "success" },
  ];
  const found = fitting(tasks, WRITER, NOW);
  assert.deepEqual(
    Object.fromEntries(Object.entries(found).map(([verb, all]) => [verb, all.map(({ id }) => id)])),
    {
      pause: ["1"],
      retry: ["2"],
      abort: ["1"],
      delete: ["2", "3"],
    },
  );
});

test("a filter without values is no filter", () => {
  assert.deepEqual(
    saidOf({ name: "", taskStatus_in: [], definitionId: undefined, tags: null }),
    {},
  );
  assert.deepEqual(saidOf({ name: "", taskStatus: "failed", iterations: 0 }), {
    taskStatus: "failed",
    iterations: 0,
  });
  assert.deepEqual(saidOf(undefined), {});
});

const pause = () => new Promise((done) => setImmediate(done));

test("each is asked for once, a few at a time, and what is refused harms no other", async () => {
  for (const size of [0, 1, 4, 33]) {
    const items = Array.from({ length: size }, (_, at) => at);
    const seen = [];
    let [at, most] = [0, 0];
    const ended = await oneByOne(items, async (item) => {
      seen.push(item);
      most = Math.max(most, (at += 1));
      await pause();
      at -= 1;
      if (item % 3 === 2) throw Object.assign(new Error(`no ${item}`), { code: "NO" });
    });
    assert.deepEqual(
      seen.toSorted((a, b) => a - b),
      items,
    );
    assert.ok(most <= 4);
    assert.equal(ended.done.length + ended.refused.length, size);
    assert.ok(ended.refused.every(({ item, why, code }) => why === `no ${item}` && code === "NO"));
    assert.equal(ended.left, 0);
    assert.equal(ended.isOver, true);
  }
});

test("none of the rest is asked for when nobody answers, or somebody stops it", async () => {
  const away = await oneByOne([1, 2, 3, 4, 5, 6, 7, 8, 9], async () => {
    await pause();
    throw Object.assign(new Error("away"), { passes: true });
  });
  assert.deepEqual([away.refused.length, away.left], [4, 5]);
  let count = 0;
  const stopped = await oneByOne(
    [1, 2, 3, 4, 5, 6, 7, 8, 9],
    async () => void (await pause(), (count += 1)),
    {
      isCancelled: () => count >= 2,
    },
  );
  assert.ok(stopped.done.length < 9 && stopped.left > 0);
});

test("a retry sends what was changed alone, and knows what was taken out", () => {
  const before = { a: 1, b: { c: [1] }, d: "x" };
  assert.deepEqual(changesOf(before, { d: "x", b: { c: [1] }, a: 1 }, isSame), {
    changed: null,
    removed: [],
  });
  assert.deepEqual(changesOf(before, { a: 2, b: { c: [1] } }, isSame), {
    changed: { a: 2 },
    removed: ["d"],
  });
  assert.deepEqual(changesOf(undefined, { a: 2 }, isSame), { changed: { a: 2 }, removed: [] });
  randomly(50, (random) => {
    const after = { ...before, a: random(), e: null };
    const { changed } = changesOf(before, after, isSame);
    assert.deepEqual({ ...before, ...changed }, after);
  });
});
