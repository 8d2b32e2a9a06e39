// The times of a schedule, for people.

const LOCALE = "en-GB";
const SHOWN = {
  weekday: "short",
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
};

// A moment on the clock of a zone: "Mon, 30 Nov 2026, 03:00 Europe/Berlin". A zone that this
// browser does not know is shown in UTC.
export const inZone = (moment, timeZone) => {
  const date = new Date(moment);
  try {
    return `${date.toLocaleString(LOCALE, { ...SHOWN, timeZone })} ${timeZone}`;
  } catch {
    return `${date.toLocaleString(LOCALE, { ...SHOWN, timeZone: "UTC" })} UTC`;
  }
};

// The same on the clock of this browser; "" where that shows the same time of day.
export const here = (moment, timeZone) => {
  const date = new Date(moment);
  const own = date.toLocaleString(LOCALE, SHOWN);
  return inZone(moment, timeZone).startsWith(own) ? "" : own;
};

// The input of a tick, with its time filled in, as EventBridge Scheduler does.
export const inputAt = (input, mark, moment) =>
  fill(input, mark, `${new Date(moment).toISOString().slice(0, 19)}Z`);

const fill = (value, mark, time) => {
  if (typeof value === "string") return value.replaceAll(mark, time);
  if (Array.isArray(value)) return value.map((each) => fill(each, mark, time));
  if (value && typeof value === "object") {
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => [fill(name, mark, time), fill(each, mark, time)]),
    );
  }
  return value;
};
