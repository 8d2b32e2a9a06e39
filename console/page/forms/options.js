// What is said beside an input when a task is triggered, as it is typed: texts.
import { secondsOf } from "./durations.js";

const LONGEST_SECONDS = 30_672_000;
export const MOST_TAGS = 10;

export const NO_OPTIONS = {
  name: "",
  delay: "",
  timeout: "",
  expiresAfter: "",
  priority: "",
  idempotencyKey: "",
  tags: {},
};

const DURATIONS = { delay: 0, timeout: 0, expiresAfter: 0, priority: 0 };

// The arguments of the API's triggerTask that options are: { given, problems }, problems being
// [{ path, message }].
export const argumentsOf = (options) => {
  const given = {};
  const problems = [];
  for (const name of ["name", "idempotencyKey"]) {
    if (options[name].trim() !== "") given[name] = options[name].trim();
  }
  for (const name of Object.keys(DURATIONS)) {
    const text = options[name].trim();
    if (text === "") continue;
    const seconds = secondsOf(text);
    if (seconds == null) {
      problems.push({
        path: [name],
        message: `is “${text}”; it takes a duration, such as 90s, 10m, 2h or 7d`,
      });
    } else if (seconds > LONGEST_SECONDS) {
      problems.push({ path: [name], message: "takes 355 days at most" });
    } else given[name] = seconds;
  }
  const tags = Object.entries(options.tags).filter(([, value]) => value !== undefined);
  if (tags.length > MOST_TAGS) {
    problems.push({
      path: ["tags"],
      message: `takes ${MOST_TAGS} at most; there are ${tags.length}`,
    });
  }
  if (tags.length > 0) given.tags = Object.fromEntries(tags);
  return { given, problems };
};
