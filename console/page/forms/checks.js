// What of a value can't be right, by its schema, before anybody is asked. The API has the last
// word: it may take more (a number as a text) and less (what the model itself checks).
import { isIsoDuration } from "./durations.js";
import { ExactNumber, isNumber, isObject, isSame, written } from "./json_text.js";
import { modelOf } from "./schema.js";
import { optionOf, partOf } from "./values.js";

const MOST = 100;
const LONGEST_MATCHED = 1_000;
const FORMATS = {
  "date-time": [
    /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d/,
    "a date and a time, such as 2030-01-31T08:00:00Z",
  ],
  date: [/^\d{4}-\d\d-\d\d$/, "a date, such as 2030-01-31"],
  time: [/^\d\d:\d\d/, "a time, such as 08:30:00"],
  uuid: [
    /^[\da-f]{8}-?(?:[\da-f]{4}-?){3}[\da-f]{12}$/i,
    "a UUID, such as 123e4567-e89b-12d3-a456-426614174000",
  ],
  email: [/^[^\s@]+@[^\s@]+$/, "an e-mail address, such as anne@example.com"],
  uri: [/^[a-z][a-z\d+.-]*:/i, "a URL, such as https://example.com/"],
};

// The problems of a value: [{ path, message }], 100 at most.
export const problemsOf = (schema, value, root = schema) => {
  const found = [];
  look({ schema, root, value, path: [], isRequired: true, found });
  return found.slice(0, MOST);
};

const look = ({ schema, root, value, path, isRequired, found, turns = 0 }) => {
  if (found.length >= MOST) return;
  const tell = (message) => found.push({ path, message });
  const model = modelOf(schema, root, path.length + turns);
  if (value === undefined) {
    if (isRequired) tell("is required");
    return;
  }
  if (value === null && model.isNullable) return;
  const inside = (inner, key, isInnerRequired = true) =>
    look({
      schema: inner,
      root,
      value: partOf(value, key),
      path: [...path, key],
      isRequired: isInnerRequired,
      found,
    });
  LOOKS[model.kind]?.({
    model,
    value,
    tell,
    inside,
    again: (inner) =>
      look({ schema: inner, root, value, path, isRequired, found, turns: turns + 1 }),
    root,
  });
};

const LOOKS = {
  text: ({ model, value, tell }) => {
    if (typeof value !== "string") return tell(`takes a text; it is ${shown(value)}`);
    lengthOf([...value].length, model.minLength, model.maxLength, "characters", tell);
    if (model.pattern && isAgainst(model.pattern, value))
      tell(`takes a text like ${model.pattern}`);
    const [format, words] = Object.hasOwn(FORMATS, model.format) ? FORMATS[model.format] : [];
    if (format && !format.test(value)) tell(`takes ${words}`);
    if (model.format === "duration" && !isIsoDuration(value)) {
      tell("takes a duration, such as 90s, 1h30m or PT90S");
    }
  },
  decimal: ({ model, value, tell }) => {
    const isDigits =
      typeof value === "string" && /^\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*$/.test(value);
    if (typeof value === "string" && !isDigits && !model.pattern) return;
    if (!isDigits && !isNumber(value)) return tell(`takes a number; it is ${shown(value)}`);
    within(Number(String(value)), model, tell);
    if (typeof value === "string" && model.pattern && isAgainst(model.pattern, value.trim())) {
      tell("has too many digits");
    }
  },
  number: ({ model, value, tell }) => {
    if (!isNumber(value)) return tell(`takes a number; it is ${shown(value)}`);
    if (model.isWhole && !isWhole(value)) tell(`takes a whole number; it is ${shown(value)}`);
    within(Number(String(value)), model, tell);
  },
  yesno: ({ value, tell }) => {
    if (typeof value !== "boolean") tell(`takes true or false; it is ${shown(value)}`);
  },
  choice: ({ model, value, tell }) => {
    if (!model.choices.some((each) => isSame(each, value))) {
      tell(
        `takes one of ${model.choices.slice(0, 20).map(shown).join(", ")}; it is ${shown(value)}`,
      );
    }
  },
  fixed: ({ model, value, tell }) => {
    if (!isSame(model.fixed, value))
      tell(`takes ${shown(model.fixed)} alone; it is ${shown(value)}`);
  },
  null: ({ value, tell }) => {
    if (value !== null) tell(`takes null alone; it is ${shown(value)}`);
  },
  list: ({ model, value, tell, inside }) => {
    if (!Array.isArray(value)) return tell(`takes a list; it is ${shown(value)}`);
    lengthOf(value.length, model.least, model.most, "items", tell);
    const seen = new Set();
    const isSecond = (text) => seen.size === seen.add(text).size;
    const twice = model.isUnique ? value.findIndex((each) => isSecond(written(each, 0))) : -1;
    if (twice >= 0) tell(`takes each item once; ${shown(value[twice])} is there twice`);
    value.forEach((_, at) => inside(model.items, at));
  },
  tuple: ({ model, value, tell, inside }) => {
    if (!Array.isArray(value)) return tell(`takes a list; it is ${shown(value)}`);
    lengthOf(value.length, model.least, model.most, "items", tell);
    value.forEach((_, at) => {
      const schema = model.parts[at] ?? model.rest;
      if (schema) inside(schema, at);
    });
  },
  object: ({ model, value, tell, inside }) => {
    if (!isObject(value)) return tell(`takes an object; it is ${shown(value)}`);
    for (const { name, schema, isRequired } of model.fields) inside(schema, name, isRequired);
    const names = new Set(model.fields.map(({ name }) => name));
    for (const key of Object.keys(value)) {
      if (names.has(key)) continue;
      if (model.rest) inside(model.rest.schema, key);
      else if (model.isClosed) tell(`takes no “${key}”`);
    }
  },
  dict: ({ model, value, tell, inside }) => {
    if (!isObject(value)) return tell(`takes keys with values; it is ${shown(value)}`);
    const keys = Object.keys(value);
    lengthOf(keys.length, model.least, model.most, "keys", tell);
    const odd = model.keys && keys.find((key) => isAgainst(model.keys, key));
    if (odd !== undefined && odd !== "") tell(`takes keys like ${model.keys}; one is “${odd}”`);
    for (const key of keys) inside(model.values, key);
  },
  union: ({ model, value, root, again }) => again(model.options[optionOf(model, root, value)]),
};

const shown = (value) => {
  const text = written(value, 0);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
};

const isWhole = (value) =>
  value instanceof ExactNumber ? /^-?\d+$/.test(value.text) : Number.isInteger(value);

const lengthOf = (count, least = 0, most = Infinity, what, tell) => {
  if (count < least) tell(`takes at least ${least} ${what}; it has ${count}`);
  if (count > most) tell(`takes at most ${most} ${what}; it has ${count}`);
};

const within = (value, { min, max, above, below, multipleOf }, tell) => {
  if (min !== undefined && value < min) tell(`takes ${min} or more`);
  if (max !== undefined && value > max) tell(`takes ${max} or less`);
  if (above !== undefined && value <= above) tell(`takes more than ${above}`);
  if (below !== undefined && value >= below) tell(`takes less than ${below}`);
  // Floats have rests that nobody has typed.
  const rest = multipleOf ? Math.abs(value / multipleOf - Math.round(value / multipleOf)) : 0;
  if (rest > 1e-9) tell(`takes multiples of ${multipleOf}`);
};

// Whether a text breaks a pattern. One that this browser can't read, breaks none: the model's own
// may be of another dialect. Nor does one that may take it long: the API looks itself.
const isAgainst = (pattern, text) => {
  if (text.length > LONGEST_MATCHED || mayTakeLong(pattern)) return false;
  try {
    return !new RegExp(pattern, "u").test(text);
  } catch {
    return false;
  }
};

// Whether a browser may look for ever where a text does not fit: at a group that is repeated and
// has several ways to fit, such as ([a-z]+-?)+, or at what refers back. pydantic's own patterns
// look at each letter once, so that nobody has to care there.
export const mayTakeLong = (pattern) => {
  const groups = [false]; // of each that is open, whether it has several ways to fit
  const parts = pattern.matchAll(/\\[\s\S]|\[(?:\\[\s\S]|[^\]\\])*\]|\(\??|\)[*+{]?|[*+?{|]/g);
  for (const [part] of parts) {
    if (/^\\[1-9k]/.test(part)) return true;
    if (part[0] === "(") groups.push(false);
    else if (part[0] === ")") {
      const isOpen = groups.length > 1 && groups.pop();
      if (isOpen && part.length > 1) return true;
      groups[groups.length - 1] ||= isOpen || part.length > 1;
    } else if (part.length === 1) groups[groups.length - 1] = true;
  }
  return false;
};
