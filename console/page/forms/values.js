// Values of a form. What nobody has touched is not in them, so that the input's own default holds.
import { isNumber, isObject } from "./json_text.js";
import { modelOf } from "./schema.js";

const DEEPEST = 6;

// What a part begins with when it is there: objects that have to be there, and what may have one
// value alone. undefined: nothing yet.
export const startOf = (schema, root, depth = 0) => {
  const model = modelOf(schema, root, depth);
  if (model.kind === "fixed") return model.fixed;
  if (model.kind === "null") return null;
  if (model.kind === "object") {
    let value = {};
    if (depth >= DEEPEST) return value;
    for (const { name, schema: inner, isRequired } of model.fields) {
      const start =
        isRequired && !modelOf(inner, root).isNullable
          ? startOf(inner, root, depth + 1)
          : undefined;
      if (start !== undefined) value = { ...value, [name]: start };
    }
    return value;
  }
  if (model.kind === "dict") return {};
  if (model.kind === "list") {
    return Array.from({ length: model.least === 1 && depth < DEEPEST ? 1 : 0 }, () =>
      startOf(model.items, root, depth + 1),
    );
  }
  if (model.kind === "tuple") return model.parts.map((part) => startOf(part, root, depth + 1));
  // It is shown as the first one until somebody chooses.
  if (model.kind === "union") return startOf(model.options[0], root, depth + 1);
  return undefined;
};

// A value with another one at a key; undefined: without it.
export const withKey = (value, key, part) => {
  const { [key]: _, ...rest } = isObject(value) ? value : {};
  if (part === undefined) return rest;
  if (isObject(value) && Object.hasOwn(value, key)) {
    // The order stays.
    return Object.fromEntries(
      Object.entries(value).map(([name, old]) => [name, name === key ? part : old]),
    );
  }
  return { ...rest, [key]: part };
};

export const withItem = (list, at, part) => list.map((each, place) => (place === at ? part : each));

export const withoutItem = (list, at) => list.filter((_, place) => place !== at);

// A list with an item moved by `step`, -1 or 1.
export const withMoved = (list, at, step) => {
  const to = at + step;
  if (to < 0 || to >= list.length) return list;
  const moved = [...list];
  [moved[at], moved[to]] = [moved[to], moved[at]];
  return moved;
};

export const partOf = (value, key) => {
  if (Array.isArray(value)) return value[key];
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
};

export const partAt = (value, path) => path.reduce(partOf, value);

// Which option of a union a value is of: its place; the first one if none fits.
export const optionOf = (model, root, value) => {
  const scores = model.options.map((option) => scoreOf(option, root, value));
  return Math.max(0, scores.indexOf(Math.max(...scores)));
};

// How well a value fits: below 0, not at all.
const scoreOf = (schema, root, value, depth = 0) => {
  const model = modelOf(schema, root, depth);
  const is = (fits) => (fits ? 2 : -1);
  switch (model.kind) {
    case "fixed":
      return value === model.fixed ? 4 : -1;
    case "choice":
      return value !== undefined && model.choices.includes(value) ? 3 : -1;
    case "text":
      return is(typeof value === "string");
    case "decimal":
      return is(typeof value === "string" || isNumber(value));
    case "number":
      return is(isNumber(value)) + (model.isWhole && Number.isInteger(value) ? 1 : 0);
    case "yesno":
      return is(typeof value === "boolean");
    case "null":
      return is(value === null);
    case "list":
      return (
        is(Array.isArray(value)) -
        (Array.isArray(value) && fitsNot(model.items, root, value[0], depth) ? 1 : 0)
      );
    case "tuple":
      return is(Array.isArray(value) && value.length === model.parts.length);
    case "dict":
      return isObject(value) ? 1 : -1;
    case "object":
      return isObject(value) ? objectScore(model, root, value, depth) : -1;
    case "union":
      return Math.max(...model.options.map((each) => scoreOf(each, root, value, depth + 1)));
    default:
      return 0;
  }
};

const fitsNot = (schema, root, value, depth) =>
  value !== undefined && scoreOf(schema, root, value, depth + 1) < 0;

const objectScore = (model, root, value, depth) => {
  let score = 1;
  for (const { name, schema, isRequired } of model.fields) {
    const part = partOf(value, name);
    if (part === undefined) score -= isRequired ? 0.1 : 0;
    else if (depth < 3) {
      const own = scoreOf(schema, root, part, depth + 1);
      // What may have one value alone, its kind, decides.
      if (own === 4) score += 10;
      else if (own < 0 && modelOf(schema, root, depth + 1).kind === "fixed") return -1;
      else score += own < 0 ? -0.5 : 0.5;
    }
  }
  return Math.max(0, score);
};

// The top-level fields that differ from those of another input: a retry merges them over it.
// Taken-out fields can't be said so: they are `removed`.
export const changesOf = (before, after, isSame) => {
  const old = isObject(before) ? before : {};
  const now = isObject(after) ? after : {};
  const changed = Object.keys(now).filter(
    (key) => !Object.hasOwn(old, key) || !isSame(old[key], now[key]),
  );
  return {
    changed: changed.length ? Object.fromEntries(changed.map((key) => [key, now[key]])) : null,
    removed: Object.keys(old).filter((key) => !Object.hasOwn(now, key)),
  };
};
