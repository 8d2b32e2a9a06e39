// Random values, the same in each run.

const seeded = (seed) => () => {
  // mulberry32, public domain
  seed = (seed + 0x6d2b79f5) | 0;
  let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
};

export const randomly = (times, run) => {
  for (let seed = 0; seed < times; seed += 1) run(seeded(seed), seed);
};

export const oneOf = (random, list) => list[Math.floor(random() * list.length)];

export const upTo = (random, most, make) =>
  Array.from({ length: Math.floor(random() * (most + 1)) }, make);

const TEXTS = ["", "a", "שלום", "<b>x</b>", 'quote " \\ / \n\t', "\u2028\u0000", "😀", "1", "null"];
const KEYS = ["a", "b", "page_size", "__proto__", "constructor", "a.b", "1", "größe", ""];
const NUMBERS = [0, 1, -1, 1.5, 1e21, -2.5e-7, 2 ** 53 - 1, 123456.789];

export const randomJson = (random, depth = 0) => {
  const kind = Math.floor(random() * (depth > 3 ? 4 : 6));
  if (kind === 0) return oneOf(random, TEXTS);
  if (kind === 1) return oneOf(random, NUMBERS);
  if (kind === 2) return random() < 0.5;
  if (kind === 3) return null;
  if (kind === 4) return upTo(random, 4, () => randomJson(random, depth + 1));
  return Object.fromEntries(
    upTo(random, 4, () => [oneOf(random, KEYS), randomJson(random, depth + 1)]),
  );
};
