// The course of a task, as a list from its trigger to its end.
import { html, useMemo, useState } from "../html.js";
import { useNow } from "../live.js";
import { duration, isOpen, moment, number, plural } from "../words.js";
import { executionLink } from "./aws_links.js";
import { barOf, collapsed, timelineOf } from "./timeline.js";
import { FAILURES } from "./visits.js";

const PORTION = 40;
const SIGNS = {
  created: "○",
  execution: "▶",
  visit: "●",
  group: "⋮",
  wait: "◔",
  queue: "≡",
  held: "‖",
  redrive: "↻",
  over: "⊘",
  end: "■",
  signal: "✉",
  late: "✉",
  pause: "‖",
  resume: "▶",
  now: "▶",
  moved: "→",
  crash: "✕",
  retry: "↻",
  hook: "✕",
  discarded: "⊘",
  retried: "→",
  retryOf: "↻",
  stopped: "⊘",
};
const BAD = new Set(["crash", "retry", "hook", "over", "stopped"]);
// What somebody has done; an iteration writes its own lines in the name of whoever has triggered it.
const BY_SOMEBODY = new Set(["signal", "late", "pause", "resume", "now", "retried", "retryOf"]);

// `onLines([from, to])`: shows the log of these iterations.
export const Course = ({ task, log, histories, stack, onLines }) => {
  const now = useNow(isOpen(task) ? 2_000 : 600_000);
  const [shown, setShown] = useState(PORTION);
  const { logs, hasAll } = log;
  const { executions } = histories;
  const made = useMemo(
    () => timelineOf({ task, logs, hasAllLogs: hasAll, executions, now }),
    [task, logs, hasAll, now, ...executions.map(({ history }) => history)],
  );
  const entries = useMemo(() => collapsed(made.entries), [made]);
  const hidden = Math.max(0, entries.length - shown);
  const around = { span: made.span, now, task, stack, onLines };
  return html`
    <${Missing} ...${{ histories, log }} />
    ${
      hidden > 0 &&
      html`
      <p>
        <button type="button" class="small" onClick=${() => setShown(shown + PORTION)}>
          Show ${number(Math.min(PORTION, hidden))} earlier
        </button>
        <span class="quiet"> ${number(hidden)} before these</span>
      </p>
    `
    }
    <ol class="course">
      ${entries
        .slice(hidden)
        .map((entry) => html`<${Entry} key=${entry.key} entry=${entry} ...${around} />`)}
    </ol>
  `;
};

// What there is more of, or can't be known.
const Missing = ({ histories, log }) => {
  const why = new Map();
  for (const { missing } of histories.executions) {
    if (missing) why.set(missing, (why.get(missing) ?? 0) + 1);
  }
  const cut = histories.executions.filter((each) => each.isCut);
  return html`
    ${[...why].map(
      ([words, count]) => html`
        <div class="notice" key=${words}>
          <p>
            ${count === 1 ? "An execution has" : `${number(count)} executions have`} no history here:
            ${" "}visits, crashes and waits are told by the log alone.
          </p>
          <p class="quiet">${words}</p>
        </div>
      `,
    )}
    ${
      histories.failure &&
      html`
      <div class="notice" role="status">
        <p>The histories of its executions can't be read now: what is shown is of the log.</p>
        <p class="quiet">${histories.failure.message}</p>
      </div>
    `
    }
    ${
      (histories.left > 0 || cut.length > 0 || !log.hasAll) &&
      html`
      <div class="row course-more">
        ${
          !log.hasAll &&
          log.logs.length > 0 &&
          html`
          <span>The log is read back to iteration ${number(log.logs[0].iteration)}.</span>
          <button type="button" class="small" disabled=${log.isReading} onClick=${log.earlier}>
            ${log.isReading ? "Reading …" : "Read more of the log"}
          </button>
        `
        }
        ${
          histories.left > 0 &&
          html`
          <span>${plural(histories.left, "earlier execution")} not read.</span>
          <button type="button" class="small" onClick=${histories.readEarlier}>
            Read earlier executions
          </button>
        `
        }
        ${cut.map(
          (each) => html`
            <span>Of the execution <code>${each.name.slice(0, 8)}</code> the last events are read.</span>
            <button type="button" class="small" onClick=${each.readMore}>Read more of it</button>
            ${each.failure && html`<span class="quiet">${each.failure.message}</span>`}
          `,
        )}
      </div>
    `
    }
  `;
};

const Entry = ({ entry, ...around }) => {
  const { now, span } = around;
  const sign = SIGNS[entry.kind === "line" ? entry.tells : entry.kind];
  const hasBar = !entry.isMoment;
  const bar = hasBar ? barOf(entry, span, now) : null;
  const isBad =
    BAD.has(entry.tells ?? entry.kind) ||
    entry.attempts?.some((attempt) => attempt.outcome === "failed") ||
    (entry.kind === "end" && entry.status === "failed");
  return html`
    <li class=${`course-entry course-${entry.kind} ${isBad ? "course-bad" : ""}`}>
      <span class="course-sign" aria-hidden="true">${sign}</span>
      <div class="course-what">
        <${What} entry=${entry} ...${around} />
      </div>
      <div class="course-when">
        <time datetime=${new Date(entry.at).toISOString()} title=${moment(entry.at)}>
          ${clock(entry.at, span)}
        </time>${" "}
        ${hasBar && html`<span class="course-took">${tookOf(entry, now)}</span>`}
      </div>
      ${
        bar &&
        html`
        <div class="course-track" aria-hidden="true">
          <span style=${{ left: `${bar.left}%`, width: `max(3px, ${bar.width}%)` }}></span>
        </div>
      `
      }
    </li>
  `;
};

const tookOf = ({ at, until }, now) =>
  until ? duration((until - at) / 1_000) : `${duration((now - at) / 1_000)} so far`;

const DAY_MS = 86_400_000;
const clock = (at, [from, to]) => {
  const options =
    to - from > DAY_MS / 2
      ? {
          day: "numeric",
          month: "short",
          hour: "2-digit",
          minute: "2-digit",
          second: "2-digit",
        }
      : { hour: "2-digit", minute: "2-digit", second: "2-digit" };
  return new Date(at).toLocaleString("en-GB", options);
};

const What = (props) => {
  const { entry, task } = props;
  switch (entry.kind) {
    case "created":
      return html`
        <b>Triggered</b> <span class="quiet">by <bdi>${task.createdBy?.displayName}</bdi></span>
      `;
    case "execution":
      return html`<b>An execution begins</b> <${Execution} ...${props} />`;
    case "visit":
      return html`<${Visit} ...${props} />`;
    case "group":
      return html`<${Group} ...${props} />`;
    case "wait":
      return html`<b>${entry.until ? "Waited" : "Waits"}</b>${waitedTo(entry)}`;
    case "queue":
      return html`<b>Queues for a slot</b>`;
    case "held":
      return html`<b>Paused</b>${HELD_WITH[entry.by] ?? ""}`;
    case "redrive":
      return html`<b>The execution was redriven</b>`;
    case "over":
      return html`<b>The execution ${entry.status === "stopped" ? "was stopped" : entry.status}</b>
        ${entry.error && html`${" "}<code class="tag">${entry.error}</code>`}`;
    case "end":
      return html`<b>${ENDS[entry.status] ?? entry.status}</b>`;
    default:
      return html`<${Line} entry=${entry} />`;
  }
};

const waitedTo = ({ isWoken, isStopped }) => {
  if (isWoken) return " until it was woken";
  return isStopped ? " until it was stopped" : "";
};

const HELD_WITH = { definition: " with its definition", all: " with all others" };
const ENDS = { success: "Done", failed: "Failed", aborted: "Aborted" };

const Execution = ({ entry, stack }) => {
  const link = stack?.isLocal ? null : executionLink(stack?.links, entry.name);
  const name = html`<code class="quiet">${entry.name}</code>`;
  return link ? html`<a href=${link} target="_blank" rel="noreferrer">${name}</a>` : name;
};

const Line = ({ entry: { line, tells } }) => html`
  <bdi>${line.message}</bdi>
  ${
    BY_SOMEBODY.has(tells) &&
    line.createdBy &&
    line.createdBy.id !== "system" &&
    html`<span class="quiet"> · <bdi>${line.createdBy.displayName}</bdi></span>`
  }
`;

const iterationsIn = ([from, to]) =>
  from === to ? `Iteration ${number(from)}` : `Iterations ${number(from)} to ${number(to)}`;

const Visit = ({ entry, onLines }) => {
  const { iterations, attempts, lines, errors } = entry;
  const isInPlace = iterations && iterations[1] > iterations[0] && attempts.length === 1;
  return html`
    <b>${iterations ? iterationsIn(iterations) : entry.until ? "A visit" : "A visit, which runs"}</b>
    ${isInPlace ? ", in place" : ""}
    ${
      lines > 0 &&
      html`
      ${" "}<button type="button" class="link" onClick=${() => onLines(iterations)}>
        ${plural(lines, "line")}${errors ? `, ${plural(errors, "error")}` : ""}
      </button>
    `
    }
    ${entry.isStopped && html`<span class="quiet"> · its execution ended</span>`}
    ${entry.isCut && html`<span class="quiet"> · its beginning is not read</span>`}
    ${
      (attempts.length > 1 || attempts.some((attempt) => attempt.outcome === "failed")) &&
      html`<${Attempts} attempts=${attempts} />`
    }
  `;
};

const MOST_ATTEMPTS = 6;

const Attempts = ({ attempts }) => {
  const [all, setAll] = useState(false);
  const hidden = all ? 0 : Math.max(0, attempts.length - MOST_ATTEMPTS);
  return html`
    <ol class="attempts" start=${hidden + 1}>
      ${attempts.slice(hidden).map(
        ({ at, until, outcome, failure, why, error, cause }) => html`
          <li key=${at}>
            ${
              outcome === "failed"
                ? html`
                  <span class="attempt-bad" title=${why}>✕ ${FAILURES[failure] ?? failure}</span>${" "}
                  <code class="quiet">${error}</code>
                `
                : outcome === "done"
                  ? "✓ answered"
                  : until
                    ? "⊘ was ended"
                    : "runs"
            }
            ${until && html`<span class="quiet"> · ${duration((until - at) / 1_000)}</span>`}
            ${cause && html`<details><summary>Its cause</summary><pre>${cause}</pre></details>`}
          </li>
        `,
      )}
    </ol>
    ${
      hidden > 0 &&
      html`
      <button type="button" class="small" onClick=${() => setAll(true)}>
        Show ${number(hidden)} earlier attempts
      </button>
    `
    }
  `;
};

const Group = ({ entry, ...around }) => {
  const [shown, setShown] = useState(0);
  const { iterations, visits, waits, waited, entries } = entry;
  const words = [
    visits ? plural(visits, "visit") : "",
    waits ? `${plural(waits, "wait")} of ${duration(waited / waits / 1_000)} on average` : "",
  ].filter(Boolean);
  return html`
    <b>${iterations ? iterationsIn(iterations) : plural(entries.length, "step")}</b>
    <span class="quiet"> · ${words.join(", ")}</span>${" "}
    <button
      type="button"
      class="link"
      aria-expanded=${shown > 0}
      onClick=${() => setShown(shown ? 0 : PORTION)}
    >
      ${shown ? "Fold" : "Unfold"}
    </button>
    ${
      shown > 0 &&
      html`
      <ol class="course course-inner">
        ${entries
          .slice(0, shown)
          .map((each) => html`<${Entry} key=${each.key} entry=${each} ...${around} />`)}
      </ol>
      ${
        shown < entries.length &&
        html`
        <button type="button" class="small" onClick=${() => setShown(shown + PORTION)}>
          Show ${number(Math.min(PORTION, entries.length - shown))} more
        </button>
      `
      }
    `
    }
  `;
};
