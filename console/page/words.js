// Numbers, times and states as words.

const LOCALE = "en-GB";
const UNITS = [
  ["d", 86_400],
  ["h", 3_600],
  ["m", 60],
  ["s", 1],
];

export const number = (value) => Number(value).toLocaleString(LOCALE);

// A duration in its two largest units: "3 h 20 m"; under ten seconds with a decimal: "1.5 s".
export const duration = (seconds) => {
  if (!Number.isFinite(seconds)) return "";
  const whole = Math.max(0, seconds);
  if (whole < 10) return `${Math.round(whole * 10) / 10} s`;
  let left = Math.round(whole);
  const parts = [];
  for (const [unit, size] of UNITS) {
    const count = Math.floor(left / size);
    if (count > 0) parts.push(`${count} ${unit}`);
    else if (parts.length) break;
    left -= count * size;
    if (parts.length === 2) break;
  }
  return parts.join(" ");
};

// How long ago a moment was, or how far away it is: "5 m ago", "in 2 h".
export const ago = (moment, now = Date.now()) => {
  const seconds = (now - new Date(moment)) / 1_000;
  if (Math.abs(seconds) < 2) return "now";
  return seconds > 0 ? `${coarse(seconds)} ago` : `in ${coarse(-seconds)}`;
};

const coarse = (seconds) => {
  const [unit, size] = UNITS.find(([, size]) => seconds >= size) ?? ["s", 1];
  return `${Math.floor(seconds / size)} ${unit}`;
};

// A moment in this browser's own time zone: "28 Nov 2026, 10:02:33".
export const moment = (value) =>
  value
    ? new Date(value).toLocaleString(LOCALE, {
        day: "numeric",
        month: "short",
        year: "numeric",
        hour: "2-digit",
        minute: "2-digit",
        second: "2-digit",
      })
    : "";

export const bytes = (count) => {
  if (count < 1_000) return `${count} bytes`;
  if (count < 1_000_000) return `${(count / 1_000).toFixed(1)} KB`;
  return `${(count / 1_000_000).toFixed(1)} MB`;
};

export const plural = (count, one, many = `${one}s`) =>
  `${number(count)} ${count === 1 ? one : many}`;

export const OPEN = ["pending", "running"];
export const STATUSES = ["pending", "running", "success", "failed", "aborted"];

export const isOpen = (task) => OPEN.includes(task.taskStatus);

// What a task is held up by, where it is: as the command line calls it.
export const stateOf = (task) => {
  if (!isOpen(task)) return task.taskStatus;
  if (task.pausedOn) return "paused";
  if (task.queuedOn) return "queued";
  if (task.waitingUntil || task.waitingFor) return "waiting";
  if (task.startsOn && new Date(task.startsOn) > Date.now()) return "waiting";
  return task.taskStatus;
};
