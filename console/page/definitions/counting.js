// The counts of the last day: asked for when somebody looks, and of many definitions only if they
// say so. Those of a definition take four requests to the table, or more.
import { html, useState } from "../html.js";
import { Time } from "../parts/time.js";
import { number } from "../words.js";
import { loadCounts } from "./loading.js";
import { useSlow } from "../slow.js";

const UNASKED = 100;
const REQUESTS_EACH = 4;
const EVERY_MS = 10 * 60_000;

//   definitions: how many there are; 0 while nobody knows
// Returns what useSlow does, and `isOn`, `ask`.
export const useCounts = (definitions, tenant) => {
  const [isAsked, setIsAsked] = useState(false);
  const isOn = definitions > 0 && (isAsked || definitions <= UNASKED);
  const counted = useSlow(
    (signal) => (isOn ? loadCounts({ tenant, signal }) : null),
    `counts of ${tenant}, ${isOn}`,
    EVERY_MS,
  );
  const ask = () => (isOn ? counted.again() : setIsAsked(true));
  return { ...counted, definitions, isOn, ask };
};

// When they were counted, and a button that counts anew.
export const Counted = ({ counted, now }) => {
  if (counted.definitions === 0) return "";
  if (!counted.isOn) {
    const requests = number(REQUESTS_EACH * counted.definitions);
    return html`
      <span>Not counted: that takes some ${requests} requests to the table.</span>
      <button type="button" class="small" onClick=${counted.ask}>Count the last day</button>
    `;
  }
  const on = counted.loadedOn && new Date(counted.loadedOn).toISOString();
  return html`
    ${
      counted.data
        ? html`<span>
          Counted <${Time} value=${on} now=${Math.max(now, counted.loadedOn)} />
        </span>`
        : !counted.failure && html`<span>Counting the last day …</span>`
    }
    <button type="button" class="small" onClick=${counted.ask}>Count again</button>
  `;
};
