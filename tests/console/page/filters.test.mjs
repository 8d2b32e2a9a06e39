import assert from "node:assert/strict";
import { test } from "node:test";
import {
  NOTHING,
  changed,
  filterOf,
  isEverything,
  ownSorter,
  paramsOf,
  sorterOf,
  sortersFor,
} from "../../../console/page/tasks/filter.js";
import {
  fromLocal,
  momentOf,
  secondsAgo,
  spelled,
  toLocal,
} from "../../../console/page/tasks/moments.js";
import { partsOf, wordsOf } from "../../../console/page/tasks/said.js";
import { whereOf } from "../../../console/page/tasks/where.js";

const NOW = Date.parse("2030-01-31T12:00:00.000Z");

const said = (search) => filterOf(new URLSearchParams(search), NOW);

const again = (filter) => {
  const params = new URLSearchParams();
  for (const [name, values] of Object.entries(paramsOf(filter))) {
    for (const value of [values].flat()) if (value) params.append(name, value);
  }
  return filterOf(params, NOW);
};

test("a URL without a filter asks for every task, the newest first", () => {
  assert.deepEqual(said(""), NOTHING);
  assert.ok(isEverything(said("tenant=shop&sort=createdOn_ASC&group=error")));
  assert.deepEqual(whereOf(said(""), NOW), {});
  assert.equal(sorterOf(said("")), "createdOn_DESC");
});

test("a filter of a URL says the same URL again", () => {
  const filter = said(
    "status=failed&status=aborted&definition=exportUsers&definition=b&name=N%26%3Dight&tag=a%3D1" +
      "&tag=%D8%A7%3D%3C%3E%3D&error=NO_INDEX&since=2h&until=2030-01-31T13:00&parent=p1&sort=createdOn_ASC",
  );
  assert.deepEqual(filter.problems, []);
  assert.deepEqual(again(filter), filter);
});

test("all that is given is in the where of listTasks", () => {
  const filter = said(
    "status=failed&definition=exportUsers&name=Night&tag=customer%3D42&error=NO_INDEX&since=2h&parent=p1",
  );
  assert.deepEqual(whereOf(filter, NOW), {
    taskStatus: "failed",
    definitionId: "exportUsers",
    name_startsWith: "Night",
    tags: { customer: "42" },
    errorCode: "NO_INDEX",
    createdOn_gte: "2030-01-31T10:00:00.000Z",
    parentId: "p1",
  });
});

test("several of one kind are asked for with in", () => {
  const filter = said("status=failed&status=aborted&definition=a&definition=b&error=x&error=y");
  assert.deepEqual(whereOf(filter, NOW), {
    taskStatus_in: ["failed", "aborted"],
    definitionId_in: ["a", "b"],
    errorCode_in: ["x", "y"],
  });
});

test("open and over stand for their statuses, and all statuses for none", () => {
  assert.deepEqual(said("status=open").statuses, ["pending", "running"]);
  assert.deepEqual(said("status=over").statuses, ["success", "failed", "aborted"]);
  assert.deepEqual(whereOf(said("status=open&status=over"), NOW), {});
  assert.ok(isEverything(said("status=open&status=over")));
});

test("two hours ago stay two hours ago", () => {
  const filter = said("since=2h");
  assert.equal(paramsOf(filter).since, "2h");
  assert.equal(whereOf(filter, NOW).createdOn_gte, "2030-01-31T10:00:00.000Z");
  assert.equal(whereOf(filter, NOW + 60_000).createdOn_gte, "2030-01-31T10:01:00.000Z");
});

for (const [search, words] of [
  ["status=nope", "“nope” is no status: it takes pending, running"],
  ["status=constructor", "is no status"],
  ["tag=bad", "is no tag: it takes a key and a value"],
  ["tag=%3Dx", "is no tag"],
  ["since=yesterday", "“yesterday” is no since: it takes how long ago"],
  ["until=2030-13-45", "is no until"],
  ["since=999999999w", "is no since"],
  ["sort=toString", "is no sort"],
  ["since=1h&until=2h", "The time ends before it begins"],
]) {
  test(`what is no filter is left out, and said in words: ${search}`, () => {
    const filter = said(search);
    assert.equal(filter.problems.length, 1);
    assert.ok(filter.problems[0].includes(words), filter.problems[0]);
    whereOf(filter, NOW);
    partsOf(filter);
  });
}

test("a value of ten thousand characters is not repeated whole", () => {
  assert.ok(said(`status=${"x".repeat(10_000)}`).problems[0].length < 200);
});

test("of tags with one key, the last one holds", () => {
  assert.deepEqual(said("tag=a%3D1&tag=a%3D2").tags, [["a", "2"]]);
});

test("a tag's key may be any word of JavaScript's", () => {
  const { tags } = whereOf(said("tag=__proto__%3D1"), NOW);
  assert.deepEqual(Object.entries(tags), [["__proto__", "1"]]);
});

test("a name is in the order of names, unless something narrower finds the tasks", () => {
  assert.equal(ownSorter(said("name=Night")), "name_ASC");
  assert.equal(ownSorter(said("name=Night&tag=a%3D1")), "createdOn_DESC");
  assert.equal(sorterOf(said("name=Night&sort=createdOn_DESC")), "createdOn_DESC");
});

test("only sorters that the API answers are offered", () => {
  assert.deepEqual(sortersFor(said("tag=a%3D1")), ["createdOn_DESC", "createdOn_ASC"]);
  assert.deepEqual(sortersFor(said("error=x")), ["createdOn_DESC", "createdOn_ASC"]);
  assert.ok(!sortersFor(said("status=open")).includes("finishedOn_DESC"));
  assert.ok(!sortersFor(said("status=pending")).includes("startedOn_DESC"));
  assert.equal(sortersFor(said("status=failed")).length, 8);
});

test("a sorter that a change makes unfit is forgotten", () => {
  const filter = said("sort=finishedOn_DESC");
  assert.equal(changed(filter, { statuses: ["failed"] }).sort, "finishedOn_DESC");
  assert.equal(changed(filter, { tags: [["a", "1"]] }).sort, "");
});

test("each part of a filter can be taken out", () => {
  let filter = said(
    "status=failed&definition=a&name=N&tag=a%3D1&error=x&since=2h&until=1h&parent=p",
  );
  assert.equal(partsOf(filter).length, 8);
  while (partsOf(filter).length > 0) filter = partsOf(filter)[0].rest;
  assert.ok(isEverything(filter));
});

test("a filter is said in words", () => {
  assert.equal(wordsOf(NOTHING), "tasks");
  assert.equal(wordsOf(said("status=open")), "open tasks");
  assert.equal(wordsOf(said("status=over")), "ended tasks");
  assert.equal(
    wordsOf(said("status=failed&status=aborted&definition=a&error=x&since=2h")),
    "failed or aborted tasks of a with the error x created in the last 2 hours",
  );
});

test("a time is how long ago, or a date, which is in UTC where it says no zone", () => {
  const at = (text) => momentOf(text, NOW)?.toISOString();
  assert.equal(at("90"), "2030-01-31T11:58:30.000Z");
  assert.equal(at("1h30m"), "2030-01-31T10:30:00.000Z");
  assert.equal(at("1.5d"), "2030-01-30T00:00:00.000Z");
  assert.equal(at("2030-01-30"), "2030-01-30T00:00:00.000Z");
  assert.equal(at("2030-01-30T08:00"), "2030-01-30T08:00:00.000Z");
  assert.equal(at("2030-01-30T08:00:00+01:00"), "2030-01-30T07:00:00.000Z");
  for (const text of ["", "h", "2x", "soon", "2030-1-1", "30 January", "-2h"]) {
    assert.equal(momentOf(text, NOW), null, text);
  }
});

test("how long ago is spelled", () => {
  assert.equal(spelled("15m"), "15 minutes");
  assert.equal(spelled("1h30m"), "1 hour 30 minutes");
  assert.equal(spelled("90"), "90 seconds");
  assert.equal(secondsAgo("7d"), 604_800);
  assert.equal(secondsAgo("2030-01-30"), null);
});

test("what an input of local time shows comes back as the same moment", () => {
  const at = new Date("2030-01-31T10:05:00.000Z");
  assert.equal(fromLocal(toLocal(at)), at.toISOString());
  assert.equal(fromLocal(""), "");
});
