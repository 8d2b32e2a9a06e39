// Durations, moments, and what is said beside an input.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isoDurationOf, secondsOf } from "../../../console/page/forms/durations.js";
import { localOf, utcOf } from "../../../console/page/forms/moments.js";
import { argumentsOf, NO_OPTIONS } from "../../../console/page/forms/options.js";
import { randomly } from "./random_form.mjs";

test("durations are typed as on the command line", () => {
  const known = {
    90: 90,
    "90s": 90,
    "10m": 600,
    "1h30m": 5_400,
    "7d": 604_800,
    "2w": 1_209_600,
    " 1 H ": 3_600,
    "0.5s": 0.5,
    0: 0,
  };
  for (const [text, seconds] of Object.entries(known)) assert.equal(secondsOf(text), seconds, text);
  for (const text of ["", "x", "-5", "1y", "1h 30", "h", "1e3", "90 minutes"])
    assert.equal(secondsOf(text), null, text);
});

test("a duration of an input is ISO 8601, and what is none stays as it was typed", () => {
  assert.equal(isoDurationOf("1h30m"), "PT5400S");
  assert.equal(isoDurationOf("P3DT0.5S"), "P3DT0.5S");
  assert.equal(isoDurationOf("-PT5M"), "-PT5M");
  assert.equal(isoDurationOf("soon"), "soon");
});

test("a moment goes to the browser's time zone and back", () => {
  randomly(200, (random) => {
    const at = new Date(Math.floor(random() * 4e12)).toISOString().replace(/\.\d+Z/, "Z");
    // An hour that comes twice, when clocks are set back, is the first of both.
    assert.ok(Math.abs(new Date(utcOf(localOf(at))) - new Date(at)) <= 3_600_000);
  });
  assert.equal(utcOf(localOf("2026-07-01T10:00:00.250+02:00")), "2026-07-01T08:00:00.250Z");
  for (const text of ["2026-07-01T10:00:00", "2026-07-01", "x", "", 5, null])
    assert.equal(localOf(text), null);
  assert.equal(utcOf(""), "");
  assert.equal(utcOf("2026-13-01T00:00"), "");
});

test("what is left empty is not said", () => {
  assert.deepEqual(argumentsOf(NO_OPTIONS), { given: {}, problems: [] });
  const said = {
    ...NO_OPTIONS,
    name: " Night ",
    delay: "10m",
    tags: { customer: "42", empty: undefined },
  };
  assert.deepEqual(argumentsOf(said).given, {
    name: "Night",
    delay: 600,
    tags: { customer: "42" },
  });
});

test("a duration that is none, or too long, and too many tags are told at their fields", () => {
  const tags = Object.fromEntries(Array.from({ length: 11 }, (_, at) => [`k${at}`, "v"]));
  const { problems } = argumentsOf({ ...NO_OPTIONS, timeout: "2x", expiresAfter: "356d", tags });
  assert.deepEqual(
    problems.map(({ path }) => path),
    [["timeout"], ["expiresAfter"], ["tags"]],
  );
});
