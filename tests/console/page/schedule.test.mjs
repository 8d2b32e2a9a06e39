import assert from "node:assert/strict";
import { test } from "node:test";
import { here, inputAt, inZone } from "../../../console/page/definitions/schedule_times.js";

const MARK = "<aws.scheduler.scheduled-time>";

test("a moment is shown on the clock of the schedule's zone", () => {
  assert.match(
    inZone("2026-11-30T02:00:00Z", "Europe/Berlin"),
    /30 Nov 2026.*03:00 Europe\/Berlin$/,
  );
  assert.match(
    inZone("2026-07-30T01:00:00Z", "Europe/Berlin"),
    /30 Jul 2026.*03:00 Europe\/Berlin$/,
  );
});

test("a zone that is not known is shown in UTC", () => {
  assert.match(inZone("2026-11-30T02:00:00Z", "Mars/Olympus"), /02:00 UTC$/);
});

test("the browser's own clock is shown where it shows another time", () => {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  assert.equal(here("2026-11-30T02:00:00Z", own), "");
  const other = own === "Asia/Tokyo" ? "Europe/Berlin" : "Asia/Tokyo";
  assert.notEqual(here("2026-11-30T02:00:00Z", other), "");
});

test("the time of a tick is filled in wherever its mark stands", () => {
  const input = { time: MARK, list: [`at ${MARK}`, 3, null], deep: { [MARK]: true } };
  assert.deepEqual(inputAt(input, MARK, Date.UTC(2027, 0, 1, 3)), {
    time: "2027-01-01T03:00:00Z",
    list: ["at 2027-01-01T03:00:00Z", 3, null],
    deep: { "2027-01-01T03:00:00Z": true },
  });
});
