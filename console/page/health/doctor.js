// What the doctor finds, as it comes.
import { Mark } from "../definitions/mark.js";
import { html } from "../html.js";
import { Failed } from "../parts/notices.js";
import { plural } from "../words.js";
import { Section } from "./section.js";
import { STATES, bySeverity } from "./severity.js";

export const Doctor = ({ found }) => {
  const { findings, failure, isLooking, isDone, look } = found;
  const shown = isLooking ? findings : bySeverity(findings);
  return html`
    <${Section} id="doctor" title="What the doctor says">
      <div class="row between">
        <p class="quiet">
          ${isLooking ? `Looking: ${plural(findings.length, "finding")} so far …` : ""}
          ${isDone ? plural(findings.length, "finding") : ""}
        </p>
        <button type="button" class="small" onClick=${look} disabled=${isLooking}>
          Look again
        </button>
      </div>
      ${failure && html`<${Failed} failure=${failure} />`}
      <ul class="findings" aria-busy=${isLooking}>
        ${shown.map(
          (each, index) => html`<${Finding} key=${`${each.check} ${index}`} finding=${each} />`,
        )}
      </ul>
    <//>
  `;
};

const Finding = ({ finding }) => {
  const { check, state, value, expected, next } = finding;
  const { sign, word, look } = STATES[state] ?? { sign: "·", word: state, look: "pending" };
  const isFine = state === "ok" || state === "not here";
  return html`
    <li class=${isFine ? "finding" : "finding finding-bad"}>
      <${Mark} look=${look} sign=${sign}>${word}<//>
      <div>
        <p><b>${check}</b> <span class=${isFine ? "quiet" : ""}>${value}</span></p>
        ${!isFine && expected && html`<p class="quiet">Expected: ${expected}</p>`}
        ${next && html`<p>Next: ${next}</p>`}
      </div>
    </li>
  `;
};
