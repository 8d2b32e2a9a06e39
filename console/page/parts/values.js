// Values of JSON, as a tree shows them.

export const kindOf = (value) => {
  if (value === null) return "null";
  if (Array.isArray(value)) return "list";
  return { object: "object", string: "text", boolean: "true or false" }[typeof value] ?? "number";
};

export const isBranch = (value) => value !== null && typeof value === "object";

// How many a branch has.
export const sizeOf = (value) => (Array.isArray(value) ? value.length : Object.keys(value).length);

// Some of what a branch has: [key, value] each, from one place up to another.
export const childrenOf = (value, from, to) => {
  if (Array.isArray(value)) return value.slice(from, to).map((each, place) => [from + place, each]);
  return Object.keys(value)
    .slice(from, to)
    .map((key) => [key, value[key]]);
};

// So many are looked at, at once.
export const PORTION = 100;

// Some places in portions that can be looked at, or have portions in turn: [[from, to], …].
export const portionsOf = (from, to) => {
  let size = PORTION;
  while ((to - from) / size > PORTION) size *= 10;
  const found = [];
  for (let at = from; at < to; at = found.at(-1)[1])
    found.push([at, Math.min(to, (Math.floor(at / size) + 1) * size)]);
  return found;
};

// A browser's numbers are exact to 53 bits: what is longer was rounded when it was read.
export const isRounded = (value) =>
  typeof value === "number" && Math.abs(value) > Number.MAX_SAFE_INTEGER;

// Whether anything in a value was rounded.
export const hasRounded = (value) =>
  isBranch(value) ? Object.values(value).some(hasRounded) : isRounded(value);

export const asText = (value) =>
  typeof value === "string" ? value : JSON.stringify(value, null, 2);
