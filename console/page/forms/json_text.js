// JSON as people write it: what is wrong is told with its place, and no number loses a digit.

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /[^\s,:[\]{}"]+/y;
const WORDS = new Map([
  ["true", true],
  ["false", false],
  ["null", null],
]);
const ESCAPES = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };
const DEEPEST = 500;
// A longer text is read by the browser itself, unless a number in it may be too long for that.
const LONG = 100_000;
const LONG_NUMBER = /\d{16}|\d[eE][+-]?\d/;

// A number that JavaScript's own would round: 9007199254740993. It is kept, and sent, as typed.
export class ExactNumber {
  constructor(text) {
    this.text = text;
    Object.freeze(this);
  }

  toJSON() {
    if (!JSON.rawJSON) {
      throw new Error(
        `This browser would send ${this.text} with other digits. Next: use a newer browser, or` +
          " the command line.",
      );
    }
    return JSON.rawJSON(this.text);
  }

  toString() {
    return this.text;
  }
}

// A number of a text, as JavaScript's own where that has the same digits.
export const numberOf = (text) => {
  const value = Number(text);
  return digitsOf(text) === digitsOf(String(value)) ? value : new ExactNumber(text);
};

// A number without what may be written in several ways: "1.50e3" and "1500" are the same.
const digitsOf = (text) => {
  const found = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (!found) return text;
  const [, sign, whole, part = "", power = "0"] = found;
  const digits = (whole + part).replace(/^0+/, "");
  const bare = digits.replace(/0+$/, "");
  const exponent = Number(power) - part.length + digits.length - bare.length;
  return bare ? `${sign}${bare}e${exponent}` : "0";
};

export const isNumber = (value) => typeof value === "number" || value instanceof ExactNumber;

export const isObject = (value) =>
  typeof value === "object" &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof ExactNumber);

// The value of a JSON text: { value }; of an empty one, undefined. Or { problem }: what is wrong,
// and where: message, line, column, at.
export const parsed = (text) => {
  if (text.trim() === "") return { value: undefined };
  if (text.length > LONG && !LONG_NUMBER.test(text)) {
    try {
      return { value: JSON.parse(text) };
    } catch {
      // Read below, where its place is found.
    }
  }
  try {
    return { value: read(text) };
  } catch (error) {
    if (!(error instanceof Wrong)) throw error;
    const before = text.slice(0, error.at).split("\n");
    const place = { line: before.length, column: before.at(-1).length + 1, at: error.at };
    return { problem: { ...place, message: error.message } };
  }
};

// A problem in words: "Line 3, column 5: there is no comma".
export const inWords = ({ line, column, message }) => `Line ${line}, column ${column}: ${message}`;

class Wrong extends Error {
  constructor(at, message) {
    super(message);
    this.at = at;
  }
}

const read = (text) => {
  let at = 0;

  const matched = (pattern) => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0] ?? "";
    at += found.length;
    return found;
  };
  const space = () => matched(SPACE);
  const shown = () =>
    at < text.length ? `“${String.fromCodePoint(text.codePointAt(at))}”` : "the end";

  const value = (depth) => {
    space();
    if (depth > DEEPEST) throw new Wrong(at, `it is nested in more than ${DEEPEST} others`);
    const first = text[at];
    if (first === "{") return object(depth);
    if (first === "[") return list(depth);
    if (first === '"') return string();
    const start = at;
    const number = matched(NUMBER);
    const more = matched(WORD);
    if (number && !more) return numberOf(number);
    const word = number + more;
    if (WORDS.has(word)) return WORDS.get(word);
    at = start;
    if (!word) throw new Wrong(at, `a value is expected, and there is ${shown()}`);
    throw new Wrong(at, `“${cut(word)}” is no JSON. A text stands in "double quotes"`);
  };

  const object = (depth) => {
    const made = {};
    at += 1;
    space();
    if (text[at] === "}") return (at += 1), made;
    for (;;) {
      space();
      const start = at;
      if (text[at] !== '"') {
        throw new Wrong(at, `a key in "double quotes" is expected, and there is ${shown()}`);
      }
      const key = string();
      if (Object.hasOwn(made, key)) throw new Wrong(start, `the key “${cut(key)}” is there twice`);
      space();
      if (text[at] !== ":")
        throw new Wrong(at, `“:” is expected behind a key, and there is ${shown()}`);
      at += 1;
      put(made, key, value(depth + 1));
      space();
      if (text[at] === "}") return (at += 1), made;
      if (text[at] !== ",") throw new Wrong(at, `“,” or “}” is expected, and there is ${shown()}`);
      at += 1;
    }
  };

  const list = (depth) => {
    const made = [];
    at += 1;
    space();
    if (text[at] === "]") return (at += 1), made;
    for (;;) {
      made.push(value(depth + 1));
      space();
      if (text[at] === "]") return (at += 1), made;
      if (text[at] !== ",") throw new Wrong(at, `“,” or “]” is expected, and there is ${shown()}`);
      at += 1;
    }
  };

  const string = () => {
    const start = at;
    let made = "";
    at += 1;
    for (;;) {
      const from = at;
      while (at < text.length && text[at] !== '"' && text[at] !== "\\" && text[at] >= " ") at += 1;
      made += text.slice(from, at);
      if (at >= text.length) throw new Wrong(start, "the text that begins here has no end");
      if (text[at] === '"') return (at += 1), made;
      if (text[at] === "\n") throw new Wrong(at, "a text has no line break in it; write \\n");
      if (text[at] < " ")
        throw new Wrong(at, "a text has no such character in it; write \\t or \\u0009");
      made += escape();
    }
  };

  const escape = () => {
    const kind = text[at + 1];
    if (kind === "u") {
      const hex = /^[\da-fA-F]{4}$/.exec(text.slice(at + 2, at + 6));
      if (!hex) throw new Wrong(at, "\\u is followed by four digits, such as \\u00e9");
      at += 6;
      return String.fromCharCode(Number.parseInt(hex[0], 16));
    }
    if (!Object.hasOwn(ESCAPES, kind ?? "")) throw new Wrong(at, "write a backslash as \\\\");
    at += 2;
    return ESCAPES[kind];
  };

  const whole = value(0);
  space();
  if (at < text.length) throw new Wrong(at, `the JSON ends before this: there is ${shown()}`);
  return whole;
};

const cut = (text) => (text.length > 40 ? `${text.slice(0, 40)}…` : text);

// Sets a key that may have any name: an object has some of its own, "__proto__".
const put = (object, key, value) =>
  Object.defineProperty(object, key, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });

// A value as JSON. `indent`: of each level; 0: all in one line.
export const written = (value, indent = 2) =>
  value === undefined ? "" : text(value, indent, "\n");

const text = (value, indent, line) => {
  if (value instanceof ExactNumber) return value.text;
  if (value === undefined) return "null";
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const inner = indent ? line + " ".repeat(indent) : "";
  const end = indent ? line : "";
  const pad = indent ? " " : "";
  const within = (each) => text(each, indent, inner);
  if (Array.isArray(value)) {
    return value.length ? `[${inner}${value.map(within).join(`,${inner || " "}`)}${end}]` : "[]";
  }
  const parts = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .map((key) => `${JSON.stringify(key)}:${pad || " "}${within(value[key])}`);
  return parts.length ? `{${inner}${parts.join(`,${inner || " "}`)}${end}}` : "{}";
};

// Whether two values are the same JSON: the order of keys is nothing.
export const isSame = (one, other) => {
  if (Object.is(one, other)) return true;
  if (isNumber(one) && isNumber(other)) return digitsOf(String(one)) === digitsOf(String(other));
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((each, at) => isSame(each, other[at]));
  }
  if (!isObject(one) || !isObject(other)) return false;
  const keys = Object.keys(one);
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && isSame(one[key], other[key]))
  );
};

// Where a value has a number whose last digits JavaScript may have rounded: paths.
export const roundedIn = (value, path = []) => {
  if (typeof value === "number") return Math.abs(value) > Number.MAX_SAFE_INTEGER ? [path] : [];
  if (Array.isArray(value)) return value.flatMap((each, at) => roundedIn(each, [...path, at]));
  return isObject(value)
    ? Object.keys(value).flatMap((key) => roundedIn(value[key], [...path, key]))
    : [];
};
