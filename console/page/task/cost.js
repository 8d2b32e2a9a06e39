// What a task has cost: counted, where the histories of its executions tell it; else computed.
import { hasRun } from "./visits.js";

// What it has cost.
//   executions: [{ history }] of visitsOf, or null where there is none
//   isCut: whether there are executions that were not asked for
// Returns { lambdaSeconds, invocations, transitions }, counted, and null where no history is known;
// { requests } to the table, computed; `isLeast`: whether it is at least so much.
export const costOf = ({ task, executions, isCut, now }) => {
  const histories = executions.map(({ history }) => history).filter(Boolean);
  const attempts = histories.flatMap(({ visits }) => visits.flatMap((visit) => visit.attempts));
  const ran = attempts.filter(hasRun);
  const isLeast =
    isCut ||
    histories.length < executions.length ||
    histories.some(({ isWhole, over }) => !isWhole || !over);
  const isKnown = histories.length > 0;
  const sum = (values) => values.reduce((all, each) => all + each, 0);
  return {
    lambdaSeconds: isKnown ? sum(ran.map(({ at, until }) => (until ?? now) - at)) / 1_000 : null,
    invocations: isKnown ? ran.length : null,
    transitions: isKnown ? sum(histories.map((history) => history.transitions)) : null,
    requests: requestsOf(task, attempts),
    isLeast: isLeast || !isKnown,
  };
};

// The requests to the table: one of its trigger; each iteration has one, and each visit that ended
// by itself one more. An iteration in place stores the one before and claims itself in one.
const requestsOf = ({ iterations }, attempts) => {
  if (!iterations) return 1;
  const ended = attempts.filter(({ outcome }) => outcome === "done").length;
  return 1 + iterations + Math.max(1, ended);
};
