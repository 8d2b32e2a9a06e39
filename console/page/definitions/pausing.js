// Pauses of a definition, or of all: what is paused, and the windows that pause and resume.
import { html, useState } from "../html.js";
import { Dialog } from "../parts/dialog.js";
import { Failed } from "../parts/notices.js";
import { Time } from "../parts/time.js";
import { say } from "../parts/toasts.js";
import { useWork } from "../parts/work.js";
import { pause, resume } from "./doing.js";
import { Mark } from "./mark.js";
import { whose } from "./pauses.js";
import { taskHref } from "./task_links.js";

const DEFAULT_RATE = 25;
const SLOWEST = 0.001;
const FASTEST = 1_000;

const be = (id) => (id === null ? "are" : "is");
const capital = (name) => name[0].toUpperCase() + name.slice(1);

// A line for each pause, with what resumes it.
//   caller: may resume where `onResume` is there: it is called with the pause
export const Pauses = ({ pauses, caller, onResume }) => html`
  <ul class="pauses">
    ${pauses.map(
      (each) => html`
        <li key=${each.everyTenant} class="row">
          <${Mark} look="paused" sign="‖">paused<//>
          <span>
            for <bdi>${whose(each, caller?.tenant ?? "")}</bdi>,${" "}
            <${Time} value=${each.pausedOn} />,${" by "}
            <bdi>${each.pausedBy.displayName}</bdi>
          </span>
          ${
            onResume &&
            (caller?.isForEveryTenant || !each.everyTenant) &&
            html`<button type="button" class="small" onClick=${() => onResume(each)}>
            Resume …
            <span class="unseen"> what is paused for ${whose(each, caller?.tenant ?? "")}</span>
          </button>`
          }
        </li>
      `,
    )}
  </ul>
`;

// Asks for whose tasks, and pauses. `id` is null for all definitions.
export const PauseDialog = ({ id, name, caller, tenant, onClose, onDone }) => {
  const [everyTenant, setEveryTenant] = useState(false);
  const { isBusy, failure, run } = useWork(async () => {
    await pause(id, everyTenant, { tenant });
    say(`${capital(name)} ${be(id)} paused. Each process knows of it within 30 seconds.`);
    onDone();
  });
  return html`
    <${Dialog} title=${`Pause ${name}?`} onClose=${onClose}>
      <p>
        Nothing runs ${id === null ? "any task" : "its tasks"} until it is resumed, those to come
        neither. The iteration in hand goes on to its end, and time limits go on as well.
      </p>
      ${
        caller?.isForEveryTenant &&
        html`
        <label class="check">
          <input
            type="checkbox"
            checked=${everyTenant}
            onChange=${(event) => setEveryTenant(event.target.checked)}
          />
          Those of every tenant, not of ${caller.tenant} alone
        </label>
      `
      }
      ${failure && html`<${Failed} failure=${failure} isTrying=${false} />`}
      <div class="row end">
        <button type="button" onClick=${onClose}>Cancel</button>
        <button type="button" class="main" disabled=${isBusy} onClick=${run}>Pause</button>
      </div>
    <//>
  `;
};

// Asks how fast, and ends a pause.
export const ResumeDialog = ({ ended, name, caller, tenant, onClose, onDone }) => {
  const [rate, setRate] = useState(String(DEFAULT_RATE));
  const number = Number(rate);
  const isRate = rate !== "" && number >= SLOWEST && number <= FASTEST;
  const { isBusy, failure, run } = useWork(async () => {
    const task = await resume(ended.definitionId, ended.everyTenant, number, { tenant });
    say(`${capital(name)} ${be(ended.definitionId)} resumed.`, {
      link: { href: taskHref(task.id, tenant), label: "The task that has them go on" },
    });
    onDone();
  });
  const submit = (event) => {
    event.preventDefault();
    if (isRate) run();
  };
  return html`
    <${Dialog} title=${`Resume ${name}?`} onClose=${onClose}>
      <form onSubmit=${submit}>
        <p>
          A task of the engine's own has those of${" "}
          <bdi>${whose(ended, caller?.tenant ?? "")}</bdi> go on that were held. What somebody has
          paused by itself stays paused, and so does what another pause holds.
        </p>
        <div class=${isRate ? "field" : "field wrong"}>
          <label for="resume-rate">How many go on in a second</label>
          <input
            id="resume-rate"
            type="number"
            step="any"
            min=${SLOWEST}
            max=${FASTEST}
            value=${rate}
            onInput=${(event) => setRate(event.target.value)}
            aria-describedby="resume-hint"
          />
          <span class=${isRate ? "hint" : "why"} id="resume-hint">${SLOWEST} to 1,000</span>
        </div>
        ${failure && html`<${Failed} failure=${failure} isTrying=${false} />`}
        <div class="row end">
          <button type="button" onClick=${onClose}>Cancel</button>
          <button type="submit" class="main" disabled=${isBusy || !isRate}>Resume</button>
        </div>
      </form>
    <//>
  `;
};
