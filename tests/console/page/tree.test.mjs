import assert from "node:assert/strict";
import { test } from "node:test";

import {
  asText,
  childrenOf,
  isRounded,
  kindOf,
  portionsOf,
  sizeOf,
} from "../../../console/page/parts/values.js";

test("each value has its kind", () => {
  const kinds = [null, [], {}, "", true, 1.5].map(kindOf);

  assert.deepEqual(kinds, ["null", "list", "object", "text", "true or false", "number"]);
});

test("of a long list a part alone is looked at", () => {
  const list = Array.from({ length: 100_000 }, (_, place) => place);

  assert.equal(sizeOf(list), 100_000);
  assert.deepEqual(childrenOf(list, 99_998, 100_000), [
    [99_998, 99_998],
    [99_999, 99_999],
  ]);
});

test("what is long is in portions, which are in portions, down to those that can be looked at", () => {
  assert.deepEqual(portionsOf(100, 100), []);
  assert.deepEqual(portionsOf(100, 250), [
    [100, 200],
    [200, 250],
  ]);
  for (const size of [101, 10_000, 10_001, 90_000, 3_333_333]) {
    let [from, to] = [0, size];
    for (let depth = 0; to - from > 100; depth += 1) {
      const portions = portionsOf(from, to);
      assert.ok(portions.length <= 101 && depth < 4);
      assert.equal(portions[0][0], from);
      assert.ok(portions.every(([at], place) => !place || at === portions[place - 1][1]));
      [from, to] = portions.at(-1);
    }
    assert.equal(to, size);
  }
});

test("fields keep their order and their names, whatever these are", () => {
  const value = JSON.parse('{"b": 1, "__proto__": 2, "": 3}');

  assert.deepEqual(childrenOf(value, 0, 10), [
    ["b", 1],
    ["__proto__", 2],
    ["", 3],
  ]);
});

test("a number that the browser has rounded is known", () => {
  assert.ok(isRounded(JSON.parse("12345678901234567890")));
  assert.ok(!isRounded(JSON.parse("9007199254740991")));
  assert.ok(!isRounded("12345678901234567890"));
});

test("a text is copied as it is, and all else as JSON", () => {
  assert.equal(asText("a\nb"), "a\nb");
  assert.equal(asText({ a: [1] }), '{\n  "a": [\n    1\n  ]\n}');
});
