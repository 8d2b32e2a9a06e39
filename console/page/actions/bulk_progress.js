// How far a task is that does something with many others.
import { html, useEffect } from "../html.js";
import { askOne } from "../api.js";
import { useLive } from "../live.js";
import { Dialog } from "../parts/dialog.js";
import { Loading, Unanswered } from "../parts/notices.js";
import { Progress } from "../parts/progress.js";
import { Status } from "../parts/status.js";
import { hrefTo } from "../route.js";
import { isOpen, number, plural } from "../words.js";
import { VERBS } from "./verbs.js";

const FOLLOWED = `query($id: ID!) {
  backgroundTasks {
    getTask(id: $id) {
      data { id taskStatus pausedOn queuedOn waitingUntil waitingFor startsOn progress output }
      error { message code data }
    }
  }
}`;

// onClose: is called when it is over; onLeave: when somebody closes it, and it goes on
export const BulkProgress = ({ verb, id, tenant, onDone, onClose, onLeave }) => {
  const live = useLive(
    async (signal) => (await askOne("getTask", FOLLOWED, { id }, { tenant, signal })).data,
    `bulk ${id} of ${tenant}`,
    { isOver: (task) => !isOpen(task) },
  );
  const task = live.data;
  const isOver = task && !isOpen(task);
  useEffect(() => {
    if (isOver) onDone?.();
  }, [isOver]);
  const { done, doing } = VERBS[verb];
  const { output, progress } = task ?? {};
  const reasons = Array.isArray(output?.reasons) ? output.reasons : [];
  return html`
    <${Dialog}
      title=${isOver ? "What has come of it" : `${doing} …`}
      onClose=${isOver ? onClose : onLeave}
    >
      <div class="run">
        <${Unanswered} live=${live} />
        ${live.isLoading && html`<${Loading} what="how far it is" />`}
        ${
          task &&
          html`
          <p class="row" role="status">
            <${Status} task=${task} /> ${
              isOver && output && html`<span>${summary(output, done)}</span>`
            }
          </p>
          ${
            !isOver &&
            (progress
              ? html`<${Progress} progress=${progress} />`
              : html`<p class="quiet">It has not said yet how far it is.</p>`)
          }
          ${
            output?.done !== undefined &&
            html`<ul class="run-counts">
            <li><b>${number(output.done)}</b> ${done}</li>
            <li><b>${number(output.skipped)}</b> skipped</li>
            <li class=${output.failed ? "why" : ""}><b>${number(output.failed)}</b> failed</li>
          </ul>`
          }
          ${
            isOver &&
            task.taskStatus !== "success" &&
            html`<p class="why">It has not come to its end: its page says why.</p>`
          }
          ${
            reasons.length > 0 &&
            html`<h3>Why some have failed</h3>
            <ul class="reasons">
              ${reasons.map(
                (reason) => html`
                  <li key=${reason.id}>
                    <a class="id" href=${hrefTo("tasks", reason.id, { tenant })}>${reason.id}</a
                    >:${" "}
                    <bdi>${reason.message}</bdi>
                    <span class="code quiet">${" "}${reason.code}</span>
                  </li>
                `,
              )}
            </ul>`
          }
        `
        }
        <p><a href=${hrefTo("tasks", id, { tenant })}>The task that does it</a></p>
        <div class="row end">
          <button type="button" onClick=${isOver ? onClose : onLeave}>
            ${isOver ? "Close" : "Close, and let it go on"}
          </button>
        </div>
      </div>
    <//>
  `;
};

const summary = (output, done) => `${plural(output.done, "task was", "tasks were")} ${done}.`;
