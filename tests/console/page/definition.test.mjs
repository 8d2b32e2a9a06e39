import assert from "node:assert/strict";
import { test } from "node:test";
import {
  allFailed,
  byFailures,
  countWords,
  failedShare,
  partsOf,
} from "../../../console/page/definitions/counts.js";
import { partsOfDoc } from "../../../console/page/definitions/doc.js";
import { matching } from "../../../console/page/definitions/filter.js";
import { keysShownAs, keyWritten } from "../../../console/page/definitions/limit_keys.js";
import {
  pausedIds,
  pausesOf,
  pausesOfAll,
  whose,
} from "../../../console/page/definitions/pauses.js";

const counts = (said = {}) => ({
  pending: 0,
  running: 0,
  success: 0,
  failed: 0,
  aborted: 0,
  isCapped: false,
  ...said,
});

test("a bar has a part for each status that has a task, and they are the whole", () => {
  const parts = partsOf(counts({ success: 6, failed: 2, pending: 2 }));
  assert.deepEqual(
    parts.map(({ status }) => status),
    ["success", "failed", "pending"],
  );
  assert.equal(
    parts.reduce((sum, { share }) => sum + share, 0),
    1,
  );
});

test("the share of the failed is of those that are over", () => {
  assert.equal(failedShare(counts({ success: 3, failed: 1, running: 100 })), "25%");
  assert.equal(failedShare(counts({ running: 3 })), "");
  assert.equal(failedShare(counts({ success: 3 })), "0%");
});

test("a share that is small is not none, and one that is large is not all", () => {
  assert.equal(failedShare(counts({ success: 9_999, failed: 1 })), "under 1%");
  assert.equal(failedShare(counts({ success: 1, failed: 9_999 })), "over 99%");
});

test("what a bar says in words has all numbers", () => {
  const words = countWords(counts({ success: 1_200, failed: 1 }));
  assert.equal(words, "1,201 tasks in the last day: 1,200 success, 1 failed");
  assert.equal(countWords(counts()), "No task in the last day");
  assert.equal(countWords(counts({ failed: 1 })), "1 task in the last day: 1 failed");
});

test("a count that ended early is the least there can be", () => {
  const words = countWords(counts({ success: 5, isCapped: true }));
  assert.equal(words, "at least 5 tasks in the last day: 5 success");
  assert.equal(countWords(counts({ isCapped: true })), "Too many to count");
});

test("definitions with failures come with the most of them first", () => {
  const all = [
    { id: "a", counts: counts({ failed: 1 }) },
    { id: "b", counts: counts({ success: 9 }) },
    { id: "c", counts: counts({ failed: 4, isCapped: true }) },
  ];
  assert.deepEqual(
    byFailures(all).map(({ id }) => id),
    ["c", "a"],
  );
  assert.deepEqual(allFailed(all), { failed: 5, isCapped: true });
});

test("a docstring begins with its first paragraph in one line, and the rest keeps its lines", () => {
  const doc = "Exports the users\nof a customer.\n\n  - one\n  - two\n";
  assert.deepEqual(partsOfDoc(doc), {
    first: "Exports the users of a customer.",
    rest: "  - one\n  - two",
  });
  assert.deepEqual(partsOfDoc(null), { first: "", rest: "" });
});

test("a filter finds all its words in the id or the title, in any order", () => {
  const all = [
    { id: "exportUsers", title: "Export the users" },
    { id: "importUsers", title: "Import" },
  ];
  const found = (text, kind = "all") =>
    matching(all, { text, kind }, { paused: new Set(["importUsers"]) }).map(({ id }) => id);
  assert.deepEqual(found("USERS export"), ["exportUsers"]);
  assert.deepEqual(found(""), ["exportUsers", "importUsers"]);
  assert.deepEqual(found("users", "paused"), ["importUsers"]);
});

test("the keys of a limit that are shown alike are all tried", () => {
  assert.deepEqual(keysShownAs("ann"), ["ann"]);
  assert.deepEqual(keysShownAs("3"), ["3", 3]);
  assert.deepEqual(keysShownAs("true"), ["true", true]);
  assert.deepEqual(keysShownAs("null"), ["null"]);
  assert.deepEqual(keysShownAs("ann / 3"), [["ann", "3"], ["ann", 3], "ann / 3"]);
  assert.deepEqual(keysShownAs("ann / -"), [["ann", null], ["ann", "-"], "ann / -"]);
});

test("an empty key is that of the tasks without one, or of a limit without keys", () => {
  const keys = keysShownAs("");
  assert.deepEqual(keys.slice(0, 2), [[null], [null, null]]);
  assert.equal(keys.at(-1), undefined);
});

test("a key is written as JSON where it is some, and else as a text", () => {
  assert.equal(keyWritten("3"), 3);
  assert.equal(keyWritten('"3"'), "3");
  assert.equal(keyWritten("ann"), "ann");
  assert.deepEqual(keyWritten('["ann", 3]'), ["ann", 3]);
});

test("a pause of a definition is not one of all", () => {
  const all = { definitionId: null, everyTenant: true };
  const own = { definitionId: "export", everyTenant: false };
  assert.deepEqual(pausesOfAll([all, own]), [all]);
  assert.deepEqual(pausesOf([all, own], "export"), [own]);
  assert.deepEqual(pausedIds([own]), new Set(["export"]));
  assert.equal(whose(all, "root"), "every tenant");
  assert.equal(whose(own, "acme"), "tenant acme");
});
