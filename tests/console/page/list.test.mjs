import assert from "node:assert/strict";
import { test } from "node:test";
import { changedIds, merged } from "../../../console/page/tasks/fresh.js";
import {
  cursorOf,
  nextPage,
  pageBefore,
  pageOf,
  pageParams,
} from "../../../console/page/tasks/paging.js";
import { secondsOf, waitOf } from "../../../console/page/tasks/waits.js";

const tasks = (ids, taskStatus = "running") => [...ids].map((id) => ({ id, taskStatus }));
const idsOf = (all) => all.map(({ id }) => id).join("");

const said = ({ after = [], page }) => {
  const params = new URLSearchParams();
  for (const cursor of after) params.append("after", cursor);
  if (page) params.set("page", page);
  return pageOf(params);
};

test("the first page has no cursor, and none before it", () => {
  const first = said({});
  assert.equal(first.number, 1);
  assert.equal(cursorOf(first), null);
  assert.equal(pageBefore(first), null);
  assert.deepEqual(pageParams(first), {});
});

test("a page leads to the next one, and back", () => {
  const second = nextPage(said({}), "a");
  const third = nextPage(second, "b");
  assert.equal(cursorOf(third), "b");
  assert.deepEqual(pageParams(third), { after: ["a", "b"], page: 3 });
  assert.deepEqual(said(pageParams(third)), third);
  assert.deepEqual(pageBefore(third), second);
  assert.deepEqual(pageBefore(second), said({}));
});

test("of a long way, the URL remembers the last pages, and their numbers", () => {
  let page = said({});
  for (let number = 0; number < 200; number += 1) page = nextPage(page, `cursor${number}`);
  assert.equal(page.number, 201);
  assert.equal(page.cursors.length, 10);
  assert.equal(pageBefore(page).number, 200);
  while (pageBefore(page)) page = pageBefore(page);
  assert.equal(page.number, 192);
});

test("a page's number that can't be is not believed", () => {
  for (const page of ["x", "-1", "1.5", "1", "1e99"]) {
    assert.equal(said({ after: ["a"], page }).number, 2, page);
  }
  assert.equal(said({ page: "7" }).number, 1);
});

test("an answer is shown as it is where nobody is at work in the rows", () => {
  const found = merged(tasks("abc"), tasks("xab"), { isHeld: false, hasMore: true });
  assert.equal(idsOf(found.tasks), "xab");
  assert.equal(found.waiting, 0);
});

test("where somebody is, rows change in their places, and new ones wait", () => {
  const found = merged(tasks("abc"), [...tasks("xy"), ...tasks("abc", "success")], {
    isHeld: true,
    hasMore: false,
  });
  assert.equal(idsOf(found.tasks), "abc");
  assert.ok(found.tasks.every(({ taskStatus }) => taskStatus === "success"));
  assert.equal(found.waiting, 2);
});

test("a row that no longer matches goes, and one that new ones push off a full page stays", () => {
  const found = merged(tasks("abcd"), tasks("xyac"), { isHeld: true, hasMore: true });
  assert.equal(idsOf(found.tasks), "acd");
  const last = merged(tasks("abcd"), tasks("xyac"), { isHeld: true, hasMore: false });
  assert.equal(idsOf(last.tasks), "ac");
});

test("a page that new tasks have filled leaves the rows that were there", () => {
  const found = merged(tasks("ab"), tasks("xy"), { isHeld: true, hasMore: true });
  assert.equal(idsOf(found.tasks), "ab");
  assert.equal(found.waiting, 2);
});

test("rows are marked that are new, or in another state, and not for their progress", () => {
  const before = [{ id: "a", taskStatus: "running", progress: { done: 1 } }, ...tasks("b")];
  const now = [
    { id: "a", taskStatus: "running", progress: { done: 2 } },
    ...tasks("b", "success"),
    ...tasks("c"),
  ];
  assert.deepEqual(changedIds(before, now), ["b", "c"]);
});

const AT = "2030-01-31T12:00:00.000Z";

test("what an open task waits for is said", () => {
  const wait = (task) => waitOf({ taskStatus: "running", ...task }, Date.parse(AT) - 1);
  assert.equal(wait({}), null);
  assert.deepEqual(wait({ waitingUntil: AT }), { words: "goes on", moment: AT });
  assert.deepEqual(wait({ waitingUntil: AT, waitingFor: { signal: "approved", until: AT } }), {
    words: "for the signal “approved”; gives up",
    moment: AT,
  });
  assert.equal(wait({ waitingFor: { signal: null } }).words, "for its children");
  assert.deepEqual(wait({ queuedOn: AT }), { words: "queued for a slot", moment: AT });
  assert.deepEqual(wait({ pausedOn: AT, pausedWith: "definition" }), {
    words: "paused",
    moment: AT,
    rest: "with its definition",
  });
  assert.deepEqual(wait({ startsOn: AT }), { words: "starts", moment: AT });
  assert.equal(waitOf({ taskStatus: "success", waitingUntil: AT }), null);
});

test("a task that runs takes longer and longer, and one that is over took what it took", () => {
  const started = { startedOn: AT, taskStatus: "running" };
  assert.equal(secondsOf(started, Date.parse(AT) + 5_000), 5);
  const over = { ...started, taskStatus: "success", finishedOn: "2030-01-31T12:00:02.000Z" };
  assert.equal(secondsOf(over, Date.parse(AT) + 5_000), 2);
  assert.equal(secondsOf({ taskStatus: "pending" }), null);
  assert.equal(secondsOf({ ...started, taskStatus: "aborted" }), null);
});
