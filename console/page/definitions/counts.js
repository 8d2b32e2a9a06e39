// How many tasks of a definition there were in the last day, by status, for people.
import { number } from "../words.js";

// In the order in which a bar shows them: what is over, the good first, then what is open.
export const SHOWN = ["success", "failed", "aborted", "running", "pending"];

export const totalOf = (counts) => SHOWN.reduce((sum, status) => sum + counts[status], 0);

// The parts of a bar: { status, count, share } of those statuses that have a task.
export const partsOf = (counts) => {
  const total = totalOf(counts);
  return SHOWN.filter((status) => counts[status] > 0).map((status) => ({
    status,
    count: counts[status],
    share: counts[status] / total,
  }));
};

// The share of those that are over that have failed: "3%", "under 1%"; "" where none is over.
export const failedShare = ({ success, failed, aborted }) => {
  const over = success + failed + aborted;
  if (over === 0) return "";
  const percent = (100 * failed) / over;
  if (failed > 0 && percent < 1) return "under 1%";
  if (failed < over && percent > 99) return "over 99%";
  return `${Math.round(percent)}%`;
};

const counted = (count, isCapped) => `${isCapped ? "at least " : ""}${number(count)}`;

// The whole in a sentence: "12 tasks in the last day: 10 success, 2 failed".
export const countWords = (counts) => {
  const total = totalOf(counts);
  if (total === 0) return counts.isCapped ? "Too many to count" : "No task in the last day";
  const tasks = total === 1 ? "task" : "tasks";
  const all = `${counted(total, counts.isCapped)} ${tasks} in the last day`;
  const parts = partsOf(counts).map(({ status, count }) => `${number(count)} ${status}`);
  return `${all}: ${parts.join(", ")}`;
};

// All that have failed, of all definitions.
export const allFailed = (definitions) => ({
  failed: definitions.reduce((sum, { counts }) => sum + counts.failed, 0),
  isCapped: definitions.some(({ counts }) => counts.isCapped),
});

// The definitions with failures, the most of them first.
export const byFailures = (definitions) =>
  definitions
    .filter(({ counts }) => counts.failed > 0)
    .sort((one, other) => other.counts.failed - one.counts.failed);
