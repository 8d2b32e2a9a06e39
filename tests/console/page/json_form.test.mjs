// What is typed as JSON: its places of errors, and numbers that keep their digits.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ExactNumber,
  inWords,
  isSame,
  parsed,
  roundedIn,
  written,
} from "../../../console/page/forms/json_text.js";
import { randomJson, randomly } from "./random_form.mjs";

const problemOf = (text) => {
  const { problem } = parsed(text);
  return problem && inWords(problem);
};

test("any JSON is read as the browser reads it, and written so that it reads back", () => {
  randomly(500, (random) => {
    const value = randomJson(random);
    const text = JSON.stringify(value, null, random() < 0.5 ? 2 : undefined);
    const read = parsed(text).value;
    assert.ok(isSame(read, value), text);
    assert.deepEqual(JSON.parse(written(read)), value);
    assert.deepEqual(JSON.parse(written(read, 0)), value);
  });
});

test("what is cut or changed anywhere is told with its place, or is other JSON", () => {
  randomly(500, (random) => {
    const text = JSON.stringify(randomJson(random));
    const at = Math.floor(random() * text.length);
    const broken =
      text.slice(0, at) + '{}[],:"x\\\n1-'[Math.floor(random() * 12)] + text.slice(at + 1);
    if (broken.trim() === "") return;
    let expected;
    try {
      expected = JSON.parse(broken);
    } catch {
      const { problem } = parsed(broken);
      assert.ok(problem, broken);
      assert.ok(problem.at >= 0 && problem.at <= broken.length && problem.message);
      return;
    }
    const { value, problem } = parsed(broken);
    assert.ok(problem?.message.includes("twice") || isSame(value, expected), broken);
  });
});

test("a problem has its line and its column", () => {
  assert.equal(
    problemOf('{\n  "a": ,\n}'),
    "Line 2, column 8: a value is expected, and there is “,”",
  );
  assert.equal(
    problemOf("{a: 1}"),
    'Line 1, column 2: a key in "double quotes" is expected, and there is “a”',
  );
  assert.equal(problemOf("[1 2]"), "Line 1, column 4: “,” or “]” is expected, and there is “2”");
  assert.equal(problemOf('{"a": 1, "a": 2}'), "Line 1, column 10: the key “a” is there twice");
  assert.match(problemOf('["a\nb"]'), /^Line 1, column 4: a text has no line break/);
  assert.match(problemOf("[True]"), /“True” is no JSON/);
  assert.match(problemOf('"abc'), /has no end/);
  assert.match(problemOf("[".repeat(600)), /nested/);
});

test("an empty text is no value", () => {
  assert.deepEqual(parsed(" \n"), { value: undefined });
  assert.equal(written(undefined), "");
});

test("a number that would be rounded is kept as it was typed", () => {
  for (const text of [
    "9007199254740993",
    "-12345678901234567890",
    "0.12345678901234567890123",
    "1e400",
  ]) {
    const { value } = parsed(`{"n": ${text}}`);
    assert.ok(value.n instanceof ExactNumber, text);
    assert.equal(written(value, 0), `{"n": ${text}}`);
    assert.ok(isSame(value, parsed(`{"n": ${text}}`).value));
  }
  for (const text of [
    "1",
    "1.50",
    "-0.1",
    "1e3",
    "9007199254740991",
    "100000000000000000000",
    "0",
    "-0.0",
  ]) {
    assert.equal(typeof parsed(text).value, "number", text);
  }
  assert.ok(
    isSame(new ExactNumber("10000000000000000000001"), parsed("1.0000000000000000000001e22").value),
  );
});

test("a browser that would round it refuses to send it", () => {
  const value = new ExactNumber("9007199254740993");
  if (JSON.rawJSON) assert.equal(JSON.stringify({ value }), '{"value":9007199254740993}');
  else assert.throws(() => JSON.stringify({ value }), /9007199254740993/);
});

test("a long text is read, too, and keeps its digits", () => {
  const text = `{"a": [${"1234, ".repeat(30_000)}9007199254740993]}`;
  assert.equal(parsed(text).value.a.at(-1).text, "9007199254740993");
  assert.equal(parsed(`[${"1,".repeat(60_000)}]`).problem.line, 1);
});

test("names that objects have of their own are keys as any other", () => {
  const text = '{"__proto__": {"a": 1}, "constructor": 2, "toString": null}';
  assert.equal(written(parsed(text).value, 0), text);
});

test("numbers that came rounded are found", () => {
  assert.deepEqual(roundedIn({ a: [1, 2 ** 60], b: { c: 9007199254740991 } }), [["a", 1]]);
});
