// The states of what the doctor finds: which matter most, and how each is shown.

export const STATES = {
  failed: { sign: "✕", word: "failed", look: "failed" },
  warning: { sign: "▲", word: "warning", look: "paused" },
  unknown: { sign: "?", word: "not known", look: "waiting" },
  ok: { sign: "✓", word: "ok", look: "success" },
  "not here": { sign: "–", word: "not here", look: "pending" },
};
const ORDER = Object.keys(STATES);

// The failures first; else in the order in which they came.
export const bySeverity = (findings) =>
  [...findings].sort((one, other) => ORDER.indexOf(one.state) - ORDER.indexOf(other.state));
