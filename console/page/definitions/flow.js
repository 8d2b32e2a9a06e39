// What is paused, and the limits of the definitions that somebody sees.
import { useEffect, useRef, useState } from "../html.js";
import { loadFlow } from "./loading.js";
import { useSlow } from "../slow.js";

const EVERY_MS = 30_000;
const QUIET_MS = 400;

// Loads them for `ids`, and keeps what it knows of others: a filter asks nobody while it is typed.
// Returns what useSlow does, and `pauses` and `limits`, which are there from the start.
export const useFlow = (ids, tenant) => {
  const kept = useRef({});
  if (kept.current.tenant !== tenant) {
    kept.current = { tenant, without: new Set(), wanted: [], pauses: [], limits: {} };
  }
  const own = kept.current;
  const settled = useSettled(ids.join(" ")).split(" ").filter(Boolean);
  if (!settled.every((id) => own.wanted.includes(id))) own.wanted = settled;
  const flow = useSlow(
    (signal) => loadFlow(own.wanted, own.without, { tenant, signal }),
    `flow of ${tenant}: ${own.wanted.join(" ")}`,
    EVERY_MS,
  );
  if (flow.data) {
    own.pauses = flow.data.pauses;
    own.limits = { ...own.limits, ...flow.data.limits };
  }
  return { ...flow, pauses: own.pauses, limits: own.limits };
};

// A text as it was when it had not changed for a while; the first one at once.
const useSettled = (text) => {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), settled === "" ? 0 : QUIET_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
};
