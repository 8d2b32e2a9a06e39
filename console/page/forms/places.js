// Where the fields are that the API refuses: its paths also name the options of a union, and of a
// key of a dict that the key itself is wrong.
import { isObject } from "./json_text.js";
import { modelOf } from "./schema.js";
import { optionOf, partOf } from "./values.js";

// The problems of `invalidFields`, an error's, at the places of a form: [{ path, message }].
export const placed = (invalidFields, schema, value) => {
  const found = Object.entries(isObject(invalidFields) ? invalidFields : {}).map(
    ([name, problem]) => {
      const said = Array.isArray(problem?.data?.path)
        ? problem.data.path
        : name === "input"
          ? []
          : name.split(".");
      const { path, left } = walked(said, schema, value);
      const message =
        typeof problem === "string"
          ? problem
          : String(problem?.message ?? problem?.code ?? "is wrong");
      return { path, message: left.length ? `${left.join(".")}: ${message}` : message };
    },
  );
  // What each option of a union says of the same place, says it once.
  const seen = new Set();
  return found.filter(({ path, message }) => {
    const text = JSON.stringify([path, message]);
    return !seen.has(text) && seen.add(text);
  });
};

// As far as a path leads in a form; what is left of it belongs to the field that was reached.
const walked = (said, schema, value) => {
  const path = [];
  let part = value;
  let model = schema ? modelOf(schema, schema) : { kind: "json" };
  let left = [...said];
  while (left.length > 0) {
    // An option's name is in no form; its fields may be those of the option that was chosen.
    while (model.kind === "union") {
      model = modelOf(model.options[optionOf(model, schema, part)], schema, path.length);
    }
    const found = left.findIndex((key) => stepOf(model, key, part) !== null);
    if (found < 0) break;
    const key = left[found];
    const inner = stepOf(model, key, part);
    left = left.slice(found + 1);
    path.push(inner.key);
    part = partOf(part, inner.key);
    model = inner.schema ? modelOf(inner.schema, schema, path.length) : { kind: "json" };
  }
  return { path, left: model.kind === "json" ? left : left.filter((key) => !isTag(key)) };
};

// What pydantic calls an option: "int", "function-after[...]", "constrained-str".
const isTag = (key) => typeof key === "string" && key !== "[key]";

const stepOf = (model, key, value) => {
  if (model.kind === "object") {
    const field = model.fields.find(({ name }) => name === String(key));
    if (field) return { key: field.name, schema: field.schema };
    return model.rest && isIn(value, key) ? { key: String(key), schema: model.rest.schema } : null;
  }
  if (model.kind === "dict")
    return isIn(value, key) ? { key: String(key), schema: model.values } : null;
  const at = Number(key);
  if (!Number.isInteger(at) || at < 0 || !Array.isArray(value) || at >= value.length) return null;
  if (model.kind === "list") return { key: at, schema: model.items };
  if (model.kind === "tuple") return { key: at, schema: model.parts[at] ?? model.rest };
  return null;
};

const isIn = (value, key) => isObject(value) && Object.hasOwn(value, String(key));

// Where problems of an input's JSON stand: no field has this path.
export const JSON_PATH = ["", "as JSON"];

// A path as the name of an element of a form; and as people read it: "others.0.street".
export const idOf = (prefix, path) =>
  `${prefix}-${path.map((key) => encodeURIComponent(key)).join("/")}`;
export const nameOfPath = (path) =>
  path[0] === "" ? "" : path.filter((key) => key !== "").join(".");
export const keyOf = (path) => JSON.stringify(path);
