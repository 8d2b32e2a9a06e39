// Durations as people type them: 90, 90s, 10m, 1h30m, 7d, 2w. The command line takes the same.

const UNITS = { w: 604_800, d: 86_400, h: 3_600, m: 60, s: 1 };
const WHOLE = /^(?:\d{1,9}(?:\.\d{1,6})?[wdhms])+$/;
const PART = /(\d{1,9}(?:\.\d{1,6})?)([wdhms])/g;
const ALONE = /^\d{1,9}(?:\.\d{1,6})?$/;
const ISO = /^[+-]?P(?=.)(?:\d+(?:\.\d+)?[YMWD])*(?:T(?:\d+(?:\.\d+)?[HMS])+)?$/;

// How many seconds a text is; null: it is no duration. A number alone is seconds.
export const secondsOf = (text) => {
  const said = text.replace(/\s+/g, "").toLowerCase();
  if (ALONE.test(said)) return Number(said);
  if (!WHOLE.test(said)) return null;
  const parts = [...said.matchAll(PART)].map(([, count, unit]) => Number(count) * UNITS[unit]);
  // A sum of decimals is rounded to what was typed: millionths.
  return Math.round(parts.reduce((sum, each) => sum + each, 0) * 1e6) / 1e6;
};

export const isIsoDuration = (text) => ISO.test(text);

// A duration as JSON Schema has it ("duration", ISO 8601): "PT5400S" of "1h30m". What is none stays
// as it was typed.
export const isoDurationOf = (text) => {
  if (isIsoDuration(text.trim())) return text.trim();
  const seconds = secondsOf(text);
  return seconds == null ? text : `PT${seconds}S`;
};

export const DURATION_HELP = "such as 90s, 10m, 1h30m or 7d; a number alone is seconds";
