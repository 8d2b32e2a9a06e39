// All that is wrong, in one line.
import { plural } from "../words.js";
import { totalEnded } from "./endings.js";
import { isIdle } from "./open_tasks.js";

// What the page has looked at itself: the doctor's word on it is not counted again.
const LOOKED_AT = { deadLetters: "dead letters", recoveryFailures: "recovery failures" };

// What needs a look: { words, section } of each; what somebody may have meant so `isMild`. Of what
// is undefined, nobody knows yet.
export const troublesOf = ({ queues, open, pauses, ended, findings, now }) => [
  ...(queues ?? []).filter(({ count }) => count > 0).map(ofQueue),
  ...ofPauses(pauses ?? []),
  ...ofOpen(open ?? [], now),
  ...ofEnded(ended ?? []),
  ...findings.filter((each) => isTrouble(each, queues)).map(ofFinding),
];

const ofQueue = ({ name, count }) => ({
  words: plural(count, ...QUEUES[name]),
  section: "queues",
});
const QUEUES = {
  deadLetters: ["dead letter", "dead letters"],
  recoveryFailures: ["failure of the recovery", "failures of the recovery"],
};

const ofPauses = (pauses) => {
  const isAll = pauses.some(({ definitionId }) => definitionId === null);
  const count = new Set(pauses.map(({ definitionId }) => definitionId)).size;
  const words = isAll
    ? "all definitions are paused"
    : plural(count, "definition is paused", "definitions are paused");
  return count > 0 ? [{ words, section: "open", isMild: true }] : [];
};

const ofOpen = (open, now) => {
  const idle = open.filter((task) => isIdle(task, now)).length;
  const words = `${plural(idle, "open task")} should have moved by now`;
  return idle > 0 ? [{ words, section: "open" }] : [];
};

const ofEnded = (ended) => {
  const count = totalEnded(ended);
  const words = `${plural(count, "task")} ended from outside`;
  return count > 0 ? [{ words, section: "ended" }] : [];
};

const isTrouble = ({ check, state }, queues) =>
  (state === "failed" || state === "warning") &&
  !(queues && Object.values(LOOKED_AT).includes(check));

const ofFinding = ({ check, state }) => ({
  words: `${check}: ${state === "failed" ? "failed" : "a warning"}`,
  section: "doctor",
  isMild: state === "warning",
});

// { sign, words, look } of the line at the top.
//   troubles: how many there are; isMild: whether each of them may be meant so
//   unknown: how many things could not be looked at
export const verdictOf = ({ troubles, unknown, isLooking, isMild = false }) => {
  const needs = `${plural(troubles, "thing needs", "things need")} a look`;
  const unseen = unknown > 0 ? `, and ${plural(unknown, "thing")} could not be looked at` : "";
  const look = isMild ? "paused" : "failed";
  if (isLooking && troubles > 0) return { sign: "…", words: `${needs} so far`, look };
  if (isLooking) return { sign: "…", words: "Looking", look: "pending" };
  if (troubles > 0) return { sign: isMild ? "▲" : "✕", words: needs + unseen, look };
  if (unknown > 0) {
    const words = "Nothing is wrong with what could be looked at";
    return { sign: "?", words: `${words}; ${plural(unknown, "thing")} could not`, look: "waiting" };
  }
  return { sign: "✓", words: "All is well", look: "success" };
};
