// Forms of schemas: what pydantic makes of models, and what becomes of values in them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { mayTakeLong, problemsOf } from "../../../console/page/forms/checks.js";
import { ExactNumber, isObject } from "../../../console/page/forms/json_text.js";
import { idOf, placed } from "../../../console/page/forms/places.js";
import {
  DEEPEST,
  isAnyObject,
  labelOf,
  modelOf,
  nameOf,
} from "../../../console/page/forms/schema.js";
import {
  optionOf,
  partAt,
  startOf,
  withItem,
  withKey,
  withMoved,
  withoutItem,
} from "../../../console/page/forms/values.js";
import { oneOf, randomJson, randomly, upTo } from "./random_form.mjs";

const kind = (schema, root = schema) => modelOf(schema, root).kind;
const nullable = (schema) => ({ anyOf: [schema, { type: "null" }], default: null });
const messages = (schema, value) =>
  problemsOf(schema, value).map(({ path, message }) => `${path.join(".")}: ${message}`);

const NODE = {
  $ref: "#/$defs/Node",
  $defs: {
    Node: {
      type: "object",
      title: "Node",
      properties: {
        name: { type: "string", title: "Name" },
        next: nullable({ $ref: "#/$defs/Node" }),
        children: { type: "array", items: { $ref: "#/$defs/Node" }, default: [] },
      },
      required: ["name"],
    },
  },
};
const PETS = {
  type: "object",
  properties: {
    pet: {
      oneOf: [{ $ref: "#/$defs/Cat" }, { $ref: "#/$defs/Dog" }],
      discriminator: {
        propertyName: "kind",
        mapping: { cat: "#/$defs/Cat", dog: "#/$defs/Dog" },
      },
      title: "Pet",
    },
    value: {
      anyOf: [{ type: "integer" }, { type: "string" }, { type: "null" }],
      title: "Value",
    },
  },
  required: ["pet"],
  $defs: {
    Cat: {
      type: "object",
      title: "Cat",
      properties: {
        kind: { const: "cat", type: "string" },
        lives: { type: "integer", maximum: 9, default: 9 },
      },
      required: ["kind"],
    },
    Dog: {
      type: "object",
      title: "Dog",
      properties: { kind: { const: "dog", type: "string" } },
      required: ["kind"],
    },
  },
};

test("each part of a schema has its kind of field", () => {
  assert.equal(kind({ type: "string" }), "text");
  assert.equal(kind({ type: "integer" }), "number");
  assert.equal(kind({ type: "boolean" }), "yesno");
  assert.equal(kind({ enum: [1, "a", true] }), "choice");
  assert.equal(kind({ enum: ["a"], type: "string" }), "fixed");
  assert.equal(kind({ const: null }), "fixed");
  assert.equal(kind({ type: "array", items: {} }), "list");
  assert.equal(kind({ type: "array", prefixItems: [{}], minItems: 1, maxItems: 1 }), "tuple");
  assert.equal(kind({ type: "object", additionalProperties: { type: "integer" } }), "dict");
  assert.equal(kind({ type: "object", patternProperties: { "^a": {} } }), "dict");
  assert.equal(kind({ type: "object" }), "dict");
  assert.equal(kind({ type: "object", properties: {} }), "object");
  assert.equal(kind({ type: "object", properties: { a: {} } }), "object");
  assert.equal(
    kind({ anyOf: [{ type: "number" }, { type: "string", pattern: "^\\d+$" }] }),
    "decimal",
  );
  assert.equal(kind({ anyOf: [{ type: "integer" }, { type: "string" }] }), "union");
  assert.equal(kind({ type: ["string", "null"] }), "text");
  assert.equal(kind({ type: ["string", "integer"] }), "union");
  assert.equal(kind({ type: "null" }), "null");
  for (const odd of [
    {},
    true,
    false,
    undefined,
    { not: {} },
    { $ref: "#/gone" },
    { $ref: "elsewhere" },
    { type: "odd" },
  ]) {
    assert.equal(kind(odd, {}), "json", JSON.stringify(odd));
  }
});

test("a reference to itself ends, and so does one that leads nowhere", () => {
  assert.equal(kind({ $ref: "#" }, { $ref: "#" }), "json");
  let part = NODE;
  for (let depth = 0; depth <= DEEPEST; depth += 1) {
    const model = modelOf(part, NODE, depth);
    assert.equal(model.kind, "object");
    part = model.fields.find(({ name }) => name === "next").schema;
  }
  assert.equal(modelOf(part, NODE, DEEPEST + 1).kind, "json");
  const endless = {
    $ref: "#/$defs/A",
    $defs: { A: { type: "object", properties: { a: { $ref: "#/$defs/A" } }, required: ["a"] } },
  };
  assert.ok(isObject(startOf(endless, endless)));
});

test("a field has its own title; the one of its class names an option", () => {
  assert.equal(labelOf(modelOf({ $ref: "#/$defs/Node" }, NODE), "first_child"), "First child");
  assert.equal(labelOf(modelOf({ type: "string", title: "<b>שם</b>" }, {}), "name"), "<b>שם</b>");
  assert.equal(nameOf({ $ref: "#/$defs/Node" }, NODE), "Node");
  assert.equal(nameOf({ type: "integer" }, {}), "Whole number");
});

test("what may be null is optional, with its default", () => {
  const model = modelOf(
    { anyOf: [{ type: "string", maxLength: 3 }, { type: "null" }], default: null, title: "A" },
    {},
  );
  assert.deepEqual(
    [model.kind, model.isNullable, model.hasDefault, model.value, model.maxLength, model.title],
    ["text", true, true, null, 3, "A"],
  );
});

test("only an input that may be any object has JSON alone", () => {
  assert.ok(isAnyObject({ type: "object", additionalProperties: true }));
  assert.ok(isAnyObject({}));
  assert.ok(!isAnyObject({ type: "object", additionalProperties: { type: "integer" } }));
  assert.ok(!isAnyObject(NODE));
});

test("an input begins with what has to be there, as its form shows it", () => {
  assert.deepEqual(startOf(PETS, PETS), { pet: { kind: "cat" } });
  assert.deepEqual(startOf({ $ref: "#/$defs/Dog" }, PETS), { kind: "dog" });
  const nested = {
    type: "object",
    properties: { to: { $ref: "#/$defs/To" }, a: { type: "string" } },
    required: ["to", "a"],
    $defs: { To: { type: "object", properties: { b: {} } } },
  };
  assert.deepEqual(startOf(nested, nested), { to: {} });
});

test("a value says which option of a union it is", () => {
  const pet = modelOf(PETS.properties.pet, PETS);
  assert.equal(optionOf(pet, PETS, { kind: "dog" }), 1);
  assert.equal(optionOf(pet, PETS, { kind: "cat", lives: 1 }), 0);
  const value = modelOf(PETS.properties.value, PETS);
  assert.deepEqual(
    [5, "5", undefined].map((each) => optionOf(value, PETS, each)),
    [0, 1, 0],
  );
});

test("what breaks a limit is told at its place", () => {
  const schema = {
    type: "object",
    additionalProperties: false,
    properties: {
      name: { type: "string", minLength: 2, maxLength: 3, pattern: "^[a-z]*$" },
      count: { type: "integer", minimum: 1, exclusiveMaximum: 10, multipleOf: 3 },
      share: { type: "number", multipleOf: 0.1 },
      tags: {
        type: "array",
        items: { type: "string", maxLength: 1 },
        maxItems: 2,
        uniqueItems: true,
      },
      mode: { enum: ["a", "b"] },
    },
    required: ["name"],
  };
  assert.deepEqual(messages(schema, {}), ["name: is required"]);
  assert.deepEqual(
    messages(schema, { name: "ab", count: 3, share: 0.3, tags: ["a", "b"], mode: "a" }),
    [],
  );
  assert.deepEqual(
    messages(schema, { name: "A", count: 10, tags: ["aa", "b", "b"], mode: "c", x: 1 }),
    [
      "name: takes at least 2 characters; it has 1",
      "name: takes a text like ^[a-z]*$",
      "count: takes less than 10",
      "count: takes multiples of 3",
      "tags: takes at most 2 items; it has 3",
      'tags: takes each item once; "b" is there twice',
      "tags.0: takes at most 1 characters; it has 2",
      'mode: takes one of "a", "b"; it is "c"',
      ": takes no “x”",
    ],
  );
  assert.deepEqual(messages(schema, { name: "ab", count: "12a" }), [
    'count: takes a number; it is "12a"',
  ]);
  assert.deepEqual(messages({ type: "integer" }, new ExactNumber("9007199254740993")), []);
  assert.equal(messages({ type: "integer" }, new ExactNumber("0.12345678901234567890")).length, 1);
  assert.deepEqual(messages({ type: "string", pattern: "(?P<odd>" }, "a"), []);
});

test("a pattern that a browser may match for ever is left to the API", () => {
  const slow = ["^([a-z0-9]+-?)+$", "^(a|a)*$", "^((a)+)+$", "^(?:x*){2,}$", "(a)\\1", "(a?){40}b"];
  for (const pattern of slow) {
    assert.ok(mayTakeLong(pattern), pattern);
    assert.deepEqual(messages({ type: "string", pattern }, `${"a".repeat(60)}!`), []);
  }
  const quick = [
    "^[a-z]*$",
    "^(abc)+$",
    "^(a+|b)?$",
    "[(a+)]+\\)+",
    "^(?!^[-+.]*$)[+-]?0*\\d*\\.?\\d*$",
  ];
  for (const pattern of quick) assert.ok(!mayTakeLong(pattern), pattern);
  assert.equal(messages({ type: "string", pattern: "^(abc)+$" }, "abd").length, 1);
  const dict = { type: "object", patternProperties: { [slow[0]]: { type: "integer" } } };
  assert.deepEqual(messages(dict, { [`${"a".repeat(60)}!`]: 1 }), []);
});

test("a long list is looked at once for what is there twice", () => {
  const schema = { type: "array", uniqueItems: true, items: {} };
  const list = Array.from({ length: 200_000 }, (_, at) => at);

  assert.deepEqual(messages(schema, list), []);
  assert.deepEqual(messages(schema, [...list, 7]), [": takes each item once; 7 is there twice"]);
});

test("no schema breaks the form, whatever its words", () => {
  const node = { anyOf: [{ $ref: "#/$defs/Node" }, { type: "null" }] };
  const own = { $ref: "#/$defs/Node", $defs: { Node: node } };
  assert.equal(kind(own), "json");
  assert.deepEqual(messages(own, { a: 1 }), []);
  assert.equal(startOf(own, own), undefined);
  const either = { anyOf: [{ $ref: "#" }, { type: "string" }] };
  assert.deepEqual(messages(either, 1), []);
  assert.equal(kind({ $ref: "#/%" }), "json");
  for (const format of ["constructor", "toString", "__proto__"]) {
    assert.deepEqual(messages({ type: "string", format }, "x"), []);
    assert.equal(nameOf({ type: "string", format }, {}), "Text");
  }
});

test("what the API refuses is told at its field, through the options of unions", () => {
  const said = (path, message = "no") => ({
    [path.join(".")]: { code: "x", message, data: { path } },
  });
  const value = { pet: { kind: "cat", lives: 12 }, value: "x" };
  assert.deepEqual(placed(said(["pet", "cat", "lives"]), PETS, value), [
    { path: ["pet", "lives"], message: "no" },
  ]);
  assert.deepEqual(placed({ ...said(["value", "int"]), ...said(["value", "str"]) }, PETS, value), [
    { path: ["value"], message: "no" },
  ]);
  assert.deepEqual(placed(said([], "nobody buys nothing"), PETS, value), [
    { path: [], message: "nobody buys nothing" },
  ]);
  assert.deepEqual(placed(said(["gone"]), PETS, value)[0].path, []);
  const dict = {
    type: "object",
    additionalProperties: { type: "array", items: { type: "integer" } },
  };
  assert.deepEqual(placed(said(["a.b", 1]), dict, { "a.b": [1, "x"] }), [
    { path: ["a.b", 1], message: "no" },
  ]);
  assert.deepEqual(placed(said(["a", "[key]"]), dict, { a: [] }), [
    { path: ["a"], message: "[key]: no" },
  ]);
  assert.deepEqual(placed(said(["a", "b"]), null, { a: {} }), [{ path: [], message: "a.b: no" }]);
  assert.deepEqual(placed(undefined, PETS, value), []);
  const deep = { name: "a", children: [{ name: "b", next: {} }] };
  assert.deepEqual(placed(said(["children", 0, "next", "name"], "Required"), NODE, deep)[0].path, [
    "children",
    0,
    "next",
    "name",
  ]);
  assert.notEqual(idOf("a", ["b/c"]), idOf("a", ["b", "c"]));
});

test("values change without a trace of what was left out", () => {
  assert.deepEqual(Object.keys(withKey({ a: 1, b: 2, c: 3 }, "b", 5)), ["a", "b", "c"]);
  assert.deepEqual(withKey({ a: 1 }, "a", undefined), {});
  assert.deepEqual(withKey(undefined, "a", 1), { a: 1 });
  const odd = withKey({}, "__proto__", { x: 1 });
  assert.ok(Object.hasOwn(odd, "__proto__") && Object.getPrototypeOf(odd) === Object.prototype);
  assert.deepEqual(withKey(odd, "a", 1), withKey(withKey({}, "a", 1), "__proto__", { x: 1 }));
  assert.equal(partAt({}, ["constructor"]), undefined);
  assert.deepEqual(withMoved(["a", "b"], 1, -1), ["b", "a"]);
  assert.deepEqual(withMoved(["a", "b"], 1, 1), ["a", "b"]);
  assert.deepEqual(withItem(["a", "b"], 1, "c"), ["a", "c"]);
  assert.deepEqual(withoutItem(["a", "b"], 0), ["b"]);
});

// A schema of the shapes that pydantic makes, with a value that it takes.
const made = (random, depth = 0) => {
  const simple = [
    () => [{ type: "string" }, oneOf(random, ["", "a", "שלום"])],
    () => [{ type: "integer", minimum: -5 }, Math.floor(random() * 10) - 5],
    () => [{ type: "number" }, random() * 100 - 50],
    () => [{ type: "boolean" }, random() < 0.5],
    () => [{ enum: ["red", 1, true] }, oneOf(random, ["red", 1, true])],
    () => [{ const: "only", type: "string" }, "only"],
    () => [{ type: "string", format: "date-time" }, "2026-11-28T10:00:00Z"],
    () => [{ type: "string", format: "duration" }, "PT1H"],
    () => [{ anyOf: [{ type: "number" }, { type: "string" }] }, oneOf(random, [1.5, "1.50"])],
    () => [{}, randomJson(random)],
  ];
  const nested = [
    () => {
      const [items, value] = made(random, depth + 1);
      return [{ type: "array", items }, upTo(random, 2, () => value)];
    },
    () => {
      const parts = upTo(random, 3, () => made(random, depth + 1));
      const prefixItems = parts.map(([schema]) => schema);
      const length = prefixItems.length;
      return [
        { type: "array", prefixItems, minItems: length, maxItems: length },
        parts.map(([, value]) => value),
      ];
    },
    () => {
      const [values, value] = made(random, depth + 1);
      return [
        { type: "object", additionalProperties: values },
        { a: value, __proto__: null, "b.c": value },
      ];
    },
    () => {
      const [schema, value] = made(random, depth + 1);
      return [nullable(schema), random() < 0.5 ? null : value];
    },
    () => {
      const names = ["a", "constructor", "page_size"].filter(() => random() < 0.7);
      const parts = names.map((name) => [name, ...made(random, depth + 1)]);
      const properties = Object.fromEntries(parts.map(([name, schema]) => [name, schema]));
      return [
        { type: "object", properties, required: names },
        Object.fromEntries(parts.map(([name, , value]) => [name, value])),
      ];
    },
  ];
  return oneOf(random, depth > 3 ? simple : [...simple, ...nested, ...nested])();
};

test("a schema that pydantic makes has a form, and no problem with what it takes", () => {
  randomly(500, (random) => {
    const [schema, value] = made(random);
    assert.ok(modelOf(schema, schema).kind);
    assert.doesNotThrow(() => startOf(schema, schema));
    assert.deepEqual(problemsOf(schema, value), [], JSON.stringify({ schema, value }));
  });
});

test("nothing that somebody may type breaks a check, or a place", () => {
  randomly(500, (random) => {
    const [schema] = made(random);
    const value = randomJson(random);
    assert.doesNotThrow(() => problemsOf(schema, value));
    assert.doesNotThrow(() =>
      placed(
        {
          x: {
            data: {
              path: upTo(random, 4, () => oneOf(random, ["a", 0, 1, "constructor", "int"])),
            },
          },
        },
        schema,
        value,
      ),
    );
  });
});
