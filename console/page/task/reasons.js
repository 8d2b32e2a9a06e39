// What an open task waits for, in words.
import { duration, isOpen } from "../words.js";

// The moment that something is counted down to, and the words before it; null: there is none.
export const waitOf = (task, now) => {
  if (!isOpen(task)) return null;
  if (task.pausedOn) return { words: pausedWords(task), until: null };
  if (task.queuedOn) {
    const key = task.concurrencyKey ? ` of “${task.concurrencyKey}”` : "";
    return { words: `queues for a slot${key}`, until: null };
  }
  if (task.waitingFor)
    return { words: awaitedWords(task.waitingFor), until: task.waitingFor.until };
  if (task.waitingUntil) {
    const what = task.iterations ? "its next iteration" : "its start";
    return { words: `waits for ${what}`, until: task.waitingUntil };
  }
  if (task.startsOn && Date.parse(task.startsOn) > now) {
    return { words: "has its start reserved", until: task.startsOn };
  }
  return null;
};

const pausedWords = ({ pausedWith }) => {
  if (pausedWith === "definition") return "is paused with all of its definition";
  if (pausedWith === "all") return "is paused with all others";
  return "is paused";
};

const awaitedWords = ({ signal, definitionId, heartbeat }) => {
  if (signal == null)
    return definitionId ? `waits for its children of ${definitionId}` : "waits for its children";
  const beat = heartbeat ? `, with a heartbeat every ${duration(heartbeat)}` : "";
  return `waits for the signal “${signal}”${beat}`;
};
