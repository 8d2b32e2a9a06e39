// What a task is, how it stands, and what can be done with it.
import { html } from "../html.js";
import { TaskActions } from "../actions/one.js";
import { useNow } from "../live.js";
import { Copy } from "../parts/copy.js";
import { Progress } from "../parts/progress.js";
import { Status } from "../parts/status.js";
import { Time } from "../parts/time.js";
import { Tree } from "../parts/tree.js";
import { hrefTo } from "../route.js";
import { duration, isOpen, moment, number } from "../words.js";
import { waitOf } from "./reasons.js";

// `error`: what a failed task has failed with, where it is known.
export const Head = ({ task, error, caller, tenant, onDone }) => {
  const isLive = isOpen(task);
  return html`
    <header class="task-head">
      <p class="task-of">
        <a href=${hrefTo("tasks", "", { tenant })}>Tasks</a>
        <span aria-hidden="true"> / </span>
        <a href=${hrefTo("tasks", "", { definition: task.definitionId, tenant })}>
          <bdi>${task.definitionId}</bdi>
        </a>
      </p>
      <div class="row between task-title">
        <h1 title=${task.name}><bdi>${task.name || task.definitionId}</bdi></h1>
        <${TaskActions} ...${{ task, caller, tenant, onDone }} />
      </div>
      <div class="row task-state">
        <${Status} task=${task} />
        <span class="task-id"><span class="quiet">id </span><code>${task.id}</code></span>
        <${Copy} text=${task.id} label="Copy id" />
        ${Object.entries(task.tags ?? {}).map(
          ([key, value]) => html`
            <a class="tag" href=${hrefTo("tasks", "", { tag: `${key}=${value}`, tenant })}>
              <bdi>${key}</bdi>: <bdi>${value}</bdi>
            </a>
          `,
        )}
      </div>
      ${isLive && html`<${HeldUp} task=${task} />`}
      ${task.progress && html`<${Progress} progress=${task.progress} />`}
      ${
        task.problem &&
        html`<div class="notice"><p><b>It can't go on.</b> <bdi>${task.problem}</bdi></p></div>`
      }
      ${task.taskStatus === "failed" && html`<${Error} task=${task} error=${error} />`}
      ${
        task.abortedBy &&
        html`<p class="quiet">Aborted by <${Who} identity=${task.abortedBy} /></p>`
      }
    </header>
  `;
};

const HeldUp = ({ task }) => {
  const now = useNow();
  const wait = waitOf(task, now);
  if (!wait) return "";
  const left = wait.until ? (Date.parse(wait.until) - now) / 1_000 : null;
  return html`
    <p class="task-wait">
      It <bdi>${wait.words}</bdi>
      ${
        wait.until &&
        html`${" "}until <time datetime=${wait.until}>${moment(wait.until)}</time>${" "}
        <span class="tag countdown">${left > 0 ? `${duration(left)} left` : "due now"}</span>`
      }
    </p>
  `;
};

const Error = ({ task, error }) => html`
  <section class="notice notice-failed task-error" aria-label="Why it has failed">
    <p class="row">
      <b>It has failed</b>
      ${
        (error?.code ?? task.errorCode) &&
        html`<code class="tag">${error?.code ?? task.errorCode}</code>`
      }
    </p>
    ${error?.message && html`<p class="task-error-words"><bdi>${error.message}</bdi></p>`}
    ${
      error?.data &&
      html`
      <details>
        <summary>Its data</summary>
        <${Tree} value=${error.data} label="The data of the error" openTo=${2} />
      </details>
    `
    }
  </section>
`;

export const Who = ({ identity }) =>
  identity
    ? html`<bdi title=${identity.id}>${identity.displayName || identity.id}</bdi>`
    : "somebody";

// When it was made, when it began, when it is to be over: what stands beside its course.
export const Facts = ({ task, tenant }) => {
  const now = useNow(isOpen(task) ? 1_000 : 60_000);
  const between = (from, to) => (Date.parse(to) - Date.parse(from)) / 1_000;
  const ran =
    task.startedOn && between(task.startedOn, task.finishedOn ?? new Date(now).toISOString());
  const facts = [
    ["Created", task.createdOn, html`by <${Who} identity=${task.createdBy} />`],
    [
      "Started",
      task.startedOn,
      task.startedOn && `after ${duration(between(task.createdOn, task.startedOn))}`,
    ],
    [
      "Finished",
      task.finishedOn,
      task.finishedOn && `${duration(between(task.createdOn, task.finishedOn))} after its trigger`,
    ],
    ["Deadline", task.deadline, isOpen(task) && task.deadline && left(task.deadline, now)],
    [
      "Must start by",
      task.startedOn ? null : task.startBy,
      task.startBy && left(task.startBy, now),
    ],
    ["Starts", task.startedOn ? null : task.startsOn, null],
    ["Queues since", task.queuedOn, null],
    ["Paused since", task.pausedOn, null],
    ["Last moved", isOpen(task) ? task.savedOn : null, null],
  ];
  const texts = [
    [
      task.finishedOn ? "Ran for" : "Running for",
      ran != null && ran !== "" && task.startedOn ? duration(ran) : "",
    ],
    ["Iterations", task.iterations ? number(task.iterations) : "0"],
    ["Priority", task.priority ? `${duration(task.priority)} of head start` : ""],
    ["Shares slots by", task.concurrencyKey ? html`<bdi>${task.concurrencyKey}</bdi>` : ""],
    ["Tenant", html`<bdi>${task.tenant}</bdi>`],
    [
      "Code",
      task.codeVersion || task.createdByVersion
        ? html`<code>${(task.codeVersion || task.createdByVersion).slice(0, 12)}</code>`
        : "",
    ],
  ];
  return html`
    <dl class="facts">
      ${facts
        .filter(([, value]) => value)
        .map(
          ([label, value, more]) => html`
            <div>
              <dt>${label}</dt>
              <dd>
                <span class="fact-moment">${moment(value)}</span>${" "}
                <span class="quiet">
                  (<${Time} value=${value} now=${now} />)${more ? html`, ${more}` : ""}
                </span>
              </dd>
            </div>
          `,
        )}
      ${texts
        .filter(([, value]) => value)
        .map(([label, value]) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`)}
      <div>
        <dt>Definition</dt>
        <dd>
          <a href=${hrefTo("definitions", "", { q: task.definitionId, tenant })}>
            <bdi>${task.definitionId}</bdi>
          </a>
        </dd>
      </div>
    </dl>
  `;
};

const left = (value, now) => {
  const seconds = (Date.parse(value) - now) / 1_000;
  return seconds > 0 ? `${duration(seconds)} left` : "it has passed";
};
