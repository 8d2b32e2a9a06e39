// The schedule of a definition: when it triggers, and what can be done with it.
import { html, useState } from "../html.js";
import { Dialog } from "../parts/dialog.js";
import { Failed } from "../parts/notices.js";
import { State } from "../parts/status.js";
import { Time } from "../parts/time.js";
import { say } from "../parts/toasts.js";
import { useWork } from "../parts/work.js";
import { hrefTo } from "../route.js";
import { moment, plural } from "../words.js";
import { changeSchedule } from "./doing.js";
import { Mark } from "./mark.js";
import { here, inputAt, inZone } from "./schedule_times.js";
import { taskHref } from "./task_links.js";

export const Schedule = ({ schedule, tenant, mayChange, now, onChanged }) => {
  const [isAsked, setIsAsked] = useState(false);
  const { name, definitionId, expression, timeZone, windowMinutes, isEnabled, problem } = schedule;
  const verb = isEnabled ? "Pause" : "Resume";
  return html`
    <section class="part-of" aria-label=${`Schedule of ${definitionId ?? name}`}>
      <div class="row between">
        <h3>Schedule</h3>
        ${
          isEnabled
            ? html`<${Mark} look="success" sign="◷">on<//>`
            : html`<${Mark} look="paused" sign="‖">paused<//>`
        }
      </div>
      <dl class="facts">
        <div><dt>When</dt><dd><code>${expression}</code> ${timeZone}</dd></div>
        ${
          windowMinutes > 0 &&
          html`<div><dt>Window</dt><dd>within ${plural(windowMinutes, "minute")} of it</dd></div>`
        }
        ${
          schedule.start && new Date(schedule.start) > now
            ? html`<div><dt>From</dt><dd>${moment(schedule.start)}</dd></div>`
            : ""
        }
        ${schedule.end && html`<div><dt>Until</dt><dd>${moment(schedule.end)}</dd></div>`}
        <div><dt>Next run</dt><dd><${NextRun} schedule=${schedule} now=${now} /></dd></div>
        ${
          schedule.lastOn &&
          html`<div>
          <dt>Last</dt>
          <dd><${LastRun} schedule=${schedule} tenant=${tenant} now=${now} /></dd>
        </div>`
        }
      </dl>
      ${problem && html`<p class="notice">Its times can't be told: ${problem}</p>`}
      ${
        mayChange &&
        html`
        <div class="row">
          ${
            definitionId &&
            html`<a class="button small" href=${runNowHref(schedule, tenant)}>
            Run now …<span class="unseen"> ${definitionId}</span>
          </a>`
          }
          <button type="button" class="small" onClick=${() => setIsAsked(true)}>
            ${verb} schedule …<span class="unseen"> of ${definitionId ?? name}</span>
          </button>
        </div>
      `
      }
      ${
        isAsked &&
        html`
        <${ScheduleDialog}
          schedule=${schedule}
          onClose=${() => setIsAsked(false)}
          onDone=${() => {
            setIsAsked(false);
            onChanged();
          }}
        />
      `
      }
    </section>
  `;
};

// The form of the trigger, with the input that a tick would have now.
const runNowHref = ({ definitionId, input, timeMark }, tenant) =>
  hrefTo("trigger", definitionId, {
    input: input == null ? "" : JSON.stringify(inputAt(input, timeMark, Date.now())),
    tenant,
  });

const NextRun = ({ schedule, now }) => {
  const { nextOn, timeZone, isEnabled, problem } = schedule;
  if (problem) return "unknown";
  if (!nextOn) return "none: it is over";
  const when = html`<${When} value=${nextOn} zone=${timeZone} />`;
  if (!isEnabled) return html`none while it is paused; else ${when}`;
  if (new Date(nextOn) <= now) return html`due now: ${when}`;
  return html`<b><${Time} value=${nextOn} now=${now} /></b>, ${when}`;
};

const When = ({ value, zone }) => {
  const own = here(value, zone);
  return html`${inZone(value, zone)}${own && html`<span class="quiet"> (here: ${own})</span>`}`;
};

const LastRun = ({ schedule, tenant, now }) => {
  const { lastOn, lastTask, lastStatus } = schedule;
  const time = html`<${Time} value=${lastOn} now=${now} />`;
  if (lastStatus) {
    return html`<a href=${taskHref(lastTask, tenant)}>${time}</a> <${State} name=${lastStatus} />`;
  }
  const none = html`<span class="quiet"> · it has no task now</span>`;
  return html`${time}${lastStatus === null && none}`;
};

const ScheduleDialog = ({ schedule, onClose, onDone }) => {
  const { name, definitionId, isEnabled, expression } = schedule;
  const { isBusy, failure, run } = useWork(async () => {
    await changeSchedule(name, isEnabled ? "pause" : "resume");
    say(`The schedule of ${definitionId ?? name} is ${isEnabled ? "paused" : "on again"}.`);
    onDone();
  });
  return html`
    <${Dialog}
      title=${`${isEnabled ? "Pause" : "Resume"} the schedule of ${definitionId ?? name}?`}
      onClose=${onClose}
    >
      ${
        isEnabled
          ? html`
            <p>It triggers nothing until it is resumed, and no tick comes later in its place.</p>
            <p>
              A deploy leaves it paused, unless it changes this schedule or reads AWS first
              (pulumi up --refresh): that turns it on again. Until then, the doctor
              warns of it.
            </p>
          `
          : html`
            <p>It triggers again from its next time on.</p>
            ${
              expression.startsWith("rate(") &&
              html`<p>A rate without a start may count from now on, and trigger at once.</p>`
            }
          `
      }
      <p class="quiet">
        AWS is asked with your own credentials: they need scheduler:GetSchedule,
        scheduler:UpdateSchedule and iam:PassRole for the schedule's role.
      </p>
      ${failure && html`<${Failed} failure=${failure} isTrying=${false} />`}
      <div class="row end">
        <button type="button" onClick=${onClose}>Cancel</button>
        <button type="button" class="main" disabled=${isBusy} onClick=${run}>
          ${isEnabled ? "Pause" : "Resume"}
        </button>
      </div>
    <//>
  `;
};
