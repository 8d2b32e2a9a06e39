// What a form has for a JSON Schema: a kind of field for each part. Nothing is read of a part
// before it is shown, so that a schema may have itself in it.
import { isObject } from "./json_text.js";

// Deeper than that, a part is a field of JSON.
export const DEEPEST = 8;
const LONG_TEXT = 300;
const MOST_CHOICES = 500;

const own = (object, key) =>
  isObject(object) && Object.hasOwn(object, key) ? object[key] : undefined;

// A schema with what it refers to in it: the words beside a `$ref` come first. null: there is none.
export const resolved = (schema, root) => {
  let found = isObject(schema) ? schema : {};
  for (let steps = 0; own(found, "$ref") !== undefined || isOfOne(found); steps += 1) {
    if (steps > 20) return null;
    const { $ref, allOf, ...beside } = found;
    const inner = $ref === undefined ? allOf[0] : pointed(root, $ref);
    if (!isObject(inner)) return null;
    found = { ...inner, ...beside };
  }
  return found;
};

const isOfOne = (schema) => Array.isArray(schema.allOf) && schema.allOf.length === 1;

const pointed = (root, reference) => {
  if (typeof reference !== "string" || !reference.startsWith("#")) return null;
  let found = root;
  for (const part of reference.slice(1).split("/").slice(1)) {
    const name = decoded(part).replaceAll("~1", "/").replaceAll("~0", "~");
    found = Array.isArray(found) ? found[Number(name)] : own(found, name);
  }
  return found;
};

const decoded = (text) => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

// What a part of a form is:
//   kind: "text", "decimal", "number", "yesno", "choice", "fixed", "list", "tuple", "object",
//     "dict", "union", "json", "null"
//   title, hint: for people; value: the default, if hasDefault
//   isNullable: whether it may be null, too
//   and what belongs to the kind
export const modelOf = (schema, root, depth = 0, steps = 0) => {
  if (schema === false) return { ...wordsOf({}), className: "", kind: "json", isNullable: false };
  const whole = resolved(schema, root);
  if (whole === null) return { ...wordsOf({}), className: "", kind: "json", isNullable: false };
  const { options, isNullable } = optionsOf(whole, root);
  const words = wordsOf(whole);
  // What is referred to has the title of its class, not of the field.
  const isOther = isObject(schema) && (Object.hasOwn(schema, "$ref") || isOfOne(schema));
  const title = isOther ? wordsOf(schema).title : words.title;
  const shared = { ...words, title, className: words.title, isNullable };
  // What may be nothing but itself has no end, either.
  if (depth > DEEPEST || steps > DEEPEST) return { ...shared, kind: "json" };
  if (options === null) return { ...shared, ...kindOf(whole, root) };
  if (options.length === 0) return { ...shared, kind: "null" };
  if (options.length === 1) {
    const only = modelOf(options[0], root, depth, steps + 1);
    const said = ["title", "hint", "className"].map((name) => [name, shared[name] || only[name]]);
    const given = shared.hasDefault ? { hasDefault: true, value: shared.value } : {};
    return {
      ...only,
      ...given,
      ...Object.fromEntries(said),
      isNullable: isNullable || only.isNullable,
    };
  }
  const decimal = decimalOf(options, root);
  if (decimal) return { ...shared, ...decimal };
  return {
    ...shared,
    kind: "union",
    options,
    tag: own(own(whole, "discriminator"), "propertyName"),
  };
};

const wordsOf = (schema) => ({
  title: typeof schema.title === "string" ? schema.title : "",
  hint: typeof schema.description === "string" ? schema.description : "",
  hasDefault: Object.hasOwn(schema, "default"),
  value: own(schema, "default"),
});

// The schemas of which a value has one; null: there is only this one.
const optionsOf = (schema, root) => {
  const listed = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(listed) && listed.length > 0) {
    const flat = listed.flatMap((each) => flatOf(each, root));
    const options = flat.filter((each) => !isNull(each, root));
    return { options, isNullable: options.length < flat.length };
  }
  if (Array.isArray(schema.type)) {
    const types = schema.type.filter((each) => each !== "null");
    const options = types.map((type) => ({ ...schema, type }));
    return { options, isNullable: types.length < schema.type.length };
  }
  return { options: null, isNullable: schema.type === "null" };
};

// A union in a union, without words of its own, is a part of it.
const flatOf = (schema, root) => {
  const listed = own(schema, "anyOf");
  if (!Array.isArray(listed) || own(schema, "title") || own(schema, "description")) return [schema];
  return listed.flatMap((each) => flatOf(each, root));
};

const isNull = (schema, root) => {
  const found = resolved(schema, root);
  return (
    found !== null &&
    (found.type === "null" || (Object.hasOwn(found, "const") && found.const === null))
  );
};

// A number or a text, as a Decimal is: one field takes both.
const decimalOf = (options, root) => {
  if (options.length !== 2) return null;
  const [one, other] = options.map((each) => resolved(each, root));
  const number = [one, other].find((each) => each?.type === "number");
  const text = [one, other].find((each) => each?.type === "string" && !each.format && !each.enum);
  return number && text ? { kind: "decimal", ...limitsOf(number), pattern: text.pattern } : null;
};

const limitsOf = (schema) => ({
  min: schema.minimum,
  max: schema.maximum,
  above: schema.exclusiveMinimum,
  below: schema.exclusiveMaximum,
  multipleOf: schema.multipleOf,
});

const kindOf = (schema, root) => {
  if (Object.hasOwn(schema, "const")) return { kind: "fixed", fixed: schema.const };
  if (Array.isArray(schema.enum)) {
    if (schema.enum.length === 1) return { kind: "fixed", fixed: schema.enum[0] };
    const isFew = schema.enum.length > 1 && schema.enum.length <= MOST_CHOICES;
    return isFew ? { kind: "choice", choices: schema.enum } : { kind: "json" };
  }
  if (schema.allOf || schema.not || schema.if) return { kind: "json" };
  if (schema.type === "string") return textOf(schema);
  if (schema.type === "integer" || schema.type === "number") {
    return { kind: "number", isWhole: schema.type === "integer", ...limitsOf(schema) };
  }
  if (schema.type === "boolean") return { kind: "yesno" };
  if (schema.type === "null") return { kind: "null" };
  if (schema.type === "array" || Array.isArray(schema.prefixItems)) return listOf(schema);
  if (schema.type === "object" || isObject(schema.properties)) return objectOf(schema, root);
  return { kind: "json" };
};

const textOf = (schema) => ({
  kind: "text",
  format: typeof schema.format === "string" ? schema.format : "",
  isSecret: schema.format === "password" || schema.writeOnly === true,
  isLong: (schema.maxLength ?? 0) > LONG_TEXT,
  minLength: schema.minLength,
  maxLength: schema.maxLength,
  pattern: schema.pattern,
});

const listOf = (schema) => {
  const limits = {
    least: schema.minItems,
    most: schema.maxItems,
    isUnique: schema.uniqueItems === true,
  };
  if (!Array.isArray(schema.prefixItems))
    return { kind: "list", items: schema.items ?? {}, ...limits };
  const rest = schema.items === false || schema.items === undefined ? null : schema.items;
  const isClosed =
    schema.items === false || (schema.maxItems ?? Infinity) <= schema.prefixItems.length;
  return { kind: "tuple", parts: schema.prefixItems, rest: isClosed ? null : rest, ...limits };
};

const objectOf = (schema) => {
  const properties = isObject(schema.properties) ? schema.properties : {};
  const required = new Set(Array.isArray(schema.required) ? schema.required : []);
  const fields = Object.keys(properties).map((name) => ({
    name,
    schema: properties[name],
    isRequired: required.has(name),
  }));
  const rest = restOf(schema);
  if (fields.length > 0 || rest === null) {
    return { kind: "object", fields, rest, isClosed: schema.additionalProperties === false };
  }
  return {
    kind: "dict",
    values: rest.schema,
    keys: rest.pattern ?? own(schema.propertyNames, "pattern"),
    least: schema.minProperties,
    most: schema.maxProperties,
  };
};

// What the keys beside the named ones may have: null if there are none.
const restOf = (schema) => {
  const patterns = isObject(schema.patternProperties)
    ? Object.entries(schema.patternProperties)
    : [];
  if (patterns.length === 1) return { schema: patterns[0][1], pattern: patterns[0][0] };
  if (schema.additionalProperties === false) return null;
  if (schema.additionalProperties !== undefined) return { schema: schema.additionalProperties };
  return isObject(schema.properties) ? null : { schema: {} };
};

// Whether an input is any object at all: a form has nothing to say of it.
export const isAnyObject = (schema) => {
  const model = modelOf(schema, schema);
  return (
    model.kind === "json" ||
    (model.kind === "dict" && modelOf(model.values, schema).kind === "json")
  );
};

// What an option of a union is called.
export const nameOf = (schema, root) => {
  const model = modelOf(schema, root);
  if (model.className) return model.className;
  if (model.kind === "fixed") return String(model.fixed);
  if (model.kind === "number") return model.isWhole ? "Whole number" : "Number";
  if (model.kind === "text") return own(FORMATS, model.format) ?? "Text";
  return NAMES[model.kind];
};

const FORMATS = {
  "date-time": "Moment",
  date: "Date",
  time: "Time",
  duration: "Duration",
  uuid: "UUID",
  uri: "URL",
  email: "E-mail address",
};
const NAMES = {
  decimal: "Decimal",
  yesno: "Yes or no",
  choice: "Choice",
  list: "List",
  tuple: "List",
  object: "Object",
  dict: "Keys and values",
  union: "One of several",
  json: "JSON",
  null: "Nothing",
};

// What people call a field: its title, or else its name in words: "Page size" of page_size.
export const labelOf = (model, name) => model.title || inWords(name);
const inWords = (name) => {
  const spaced = /^\w+$/.test(name) ? name.replaceAll("_", " ").trim() : name;
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
};

// Whether a label says no more than the name: "Page size" and "page_size".
export const isSameName = (label, name) => bare(label) === bare(name);
const bare = (text) => text.toLowerCase().replace(/[\s_-]/g, "");
