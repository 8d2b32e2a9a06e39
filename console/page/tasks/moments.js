// Moments and how long ago they are, as people write them in a URL: "90", "2h", "1h30m", "7d", or a
// date in ISO 8601. The command line takes the same.

const SECONDS = { w: 604_800, d: 86_400, h: 3_600, m: 60, s: 1 };
const UNITS = { w: "week", d: "day", h: "hour", m: "minute", s: "second" };
const AGO = /^(?:\d{1,9}(?:\.\d{1,6})?[wdhms])+$/;
const PART = /(\d+(?:\.\d+)?)([wdhms])/g;
const PLAIN = /^\d{1,9}(?:\.\d{1,6})?$/;
const DATE = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/;
const ZONE = /(Z|[+-]\d{2}:?\d{2})$/;

// What a text has to be, for people.
export const TAKEN = "how long ago, such as 30m, 2h or 7d, or a date, such as 2030-01-31T08:00:00Z";

// How many seconds ago a text says; null where it says none. A number alone is seconds.
export const secondsAgo = (text) => {
  const said = text.trim().toLowerCase();
  if (PLAIN.test(said)) return Number(said);
  if (!AGO.test(said)) return null;
  return [...said.matchAll(PART)].reduce((sum, [, count, unit]) => sum + count * SECONDS[unit], 0);
};

// The moment that a text says, as a Date; null where it says none. A date without a zone is in UTC.
export const momentOf = (text, now) => {
  const seconds = secondsAgo(text);
  const said = text.trim();
  if (seconds == null && !DATE.test(said)) return null;
  const at = seconds == null ? dateOf(said) : new Date(now - seconds * 1_000);
  // The API's dates begin in the year 1.
  return Number.isNaN(at.getTime()) || at.getUTCFullYear() < 1 ? null : at;
};

// The browser itself takes a time without a zone for a local one.
const dateOf = (text) => new Date(text.includes("T") && !ZONE.test(text) ? `${text}Z` : text);

// "2h" as "2 hours", "1h30m" as "1 hour 30 minutes".
export const spelled = (text) => {
  const said = text.trim().toLowerCase();
  const parts = PLAIN.test(said) ? [[null, said, "s"]] : [...said.matchAll(PART)];
  return parts
    .map(([, count, unit]) => `${Number(count)} ${UNITS[unit]}${Number(count) === 1 ? "" : "s"}`)
    .join(" ");
};

const two = (number) => String(number).padStart(2, "0");

// What an input of the type "datetime-local" shows of a moment: in this browser's own time zone.
export const toLocal = (at) =>
  `${String(at.getFullYear()).padStart(4, "0")}-${two(at.getMonth() + 1)}-${two(at.getDate())}` +
  `T${two(at.getHours())}:${two(at.getMinutes())}`;

// What the URL says of what such an input holds; "" where it holds nothing.
export const fromLocal = (text) => {
  const at = new Date(text);
  return text && !Number.isNaN(at.getTime()) ? at.toISOString() : "";
};
