// One task: its course, its log, what went in and came out, its relatives, what it has cost.
import { html, useEffect, useMemo, useRef, useState } from "../html.js";
import { Failed, Loading, Stale } from "../parts/notices.js";
import { goTo, hrefTo } from "../route.js";
import { CostPanel } from "../task/cost_panel.js";
import { Course } from "../task/course.js";
import { Family } from "../task/family.js";
import { useTask } from "../task/follow.js";
import { Facts, Head } from "../task/head.js";
import { executionsOf, useHistories } from "../task/histories.js";
import { LogPanel } from "../task/log_panel.js";
import { Panel } from "../task/panel.js";
import { PayloadPanel } from "../task/payload_panel.js";
import { usePayloads } from "../task/payloads.js";

export const TaskView = ({ id, tenant, caller, stack }) => {
  const { task, log, failure, isStale, refresh } = useTask(id, tenant);
  if (failure && !task) return html`<${NotThere} ...${{ id, tenant, failure }} />`;
  if (!task) {
    return html`<h1>Task <code>${id}</code></h1><${Loading} what="the task" />`;
  }
  const onDone = (now) => (now ? refresh() : goTo(hrefTo("tasks", "", { tenant })));
  return html`
    ${isStale && html`<${Stale} failure=${failure} />`}
    <${Found} ...${{ task, log, tenant, caller, stack, onDone }} />
  `;
};

const NotThere = ({ id, tenant, failure }) =>
  failure.code === "NOT_FOUND"
    ? html`
        <h1>There is no such task</h1>
        <p>
          ${tenant ? html`The tenant <bdi>${tenant}</bdi>` : "Your tenant"} has no task${" "}
          <code>${id}</code>. It was deleted, its days are over, or it is another tenant's.
        </p>
        <p><a href=${hrefTo("tasks", "", { tenant })}>See the tasks</a></p>
      `
    : html`<h1>Task <code>${id}</code></h1><${Failed} failure=${failure} />`;

const PAYLOADS = { input: "Input", output: "Output" };

const Found = ({ task, log, tenant, caller, stack, onDone }) => {
  const names = useMemo(() => executionsOf(task, log.logs), [task.executionName, log.logs]);
  const histories = useHistories(task, names, tenant);
  const [payloads, load] = usePayloads(task, tenant);
  const [iterations, onIterations] = useState(null);
  const logs = useRef(null);
  const isFailed = task.taskStatus === "failed";
  useEffect(() => {
    if (isFailed) load("output");
  }, [isFailed]);
  const error = payloads.output?.value?.error ?? lastError(log.logs);
  const onLines = (range) => {
    onIterations(range);
    logs.current.scrollIntoView({ block: "start" });
    logs.current.querySelector("button")?.focus({ preventScroll: true });
  };
  return html`
    <${Head} ...${{ task, error: isFailed ? error : null, caller, tenant, onDone }} />
    <div class="task-parts">
      <div class="task-main">
        <${Panel} name="course" title="Timeline">
          ${() => html`<${Course} ...${{ task, log, histories, stack, onLines }} />`}
        <//>
        <div ref=${logs} class="task-anchor">
          <${Panel} name="log" title="Log">
            ${() => html`<${LogPanel} ...${{ task, log, stack, iterations, onIterations }} />`}
          <//>
        </div>
      </div>
      <div class="task-side">
        <section class="panel" aria-label="Facts"><${Facts} task=${task} tenant=${tenant} /></section>
        ${Object.keys(PAYLOADS).map(
          (which) => html`
            <${Panel} key=${which} name=${which} title=${PAYLOADS[which]} isOpenFirst=${false}>
              ${() => html`<${PayloadPanel} ...${{ which, payload: payloads[which], load, task }} />`}
            <//>
          `,
        )}
        <${Panel} name="family" title="Family">
          ${() => html`<${Family} task=${task} tenant=${tenant} />`}
        <//>
        <${Panel} name="cost" title="What it cost">
          ${() => html`<${CostPanel} ...${{ task, histories, log }} />`}
        <//>
      </div>
    </div>
  `;
};

// What the log says of a failure, until its output is read.
const lastError = (logs) => {
  const lines = logs.at(-1)?.items ?? [];
  return lines.findLast((line) => line.error)?.error ?? null;
};
