// Moments between a field of the browser, which has its own time zone, and the API, which has UTC.

const ZONED = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:?\d\d)$/;

const two = (value) => String(value).padStart(2, "0");

// What a datetime-local field shows of a moment with a zone; null: it has none, or is no moment.
export const localOf = (text) => {
  if (typeof text !== "string" || !ZONED.test(text)) return null;
  const at = new Date(text);
  if (Number.isNaN(at.getTime()) || at.getFullYear() < 1 || at.getFullYear() > 9999) return null;
  const year = String(at.getFullYear()).padStart(4, "0");
  const day = `${year}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  const part = at.getMilliseconds() ? `.${String(at.getMilliseconds()).padStart(3, "0")}` : "";
  return `${day}T${time}${part}`;
};

// A moment in UTC, of what such a field has; "" if it has none.
export const utcOf = (local) => {
  const at = local ? new Date(local) : new Date(Number.NaN);
  return Number.isNaN(at.getTime()) ? "" : at.toISOString().replace(".000Z", "Z");
};
