// The log of a task: the newest line at the end, followed as it comes.
import { html, useEffect, useMemo, useRef, useState } from "../html.js";
import { Copy } from "../parts/copy.js";
import { Tree } from "../parts/tree.js";
import { keep, kept } from "../session.js";
import { moment, number, plural } from "../words.js";
import { executionLink, logLinks } from "./aws_links.js";
import { commandOf, isWanted, linesOf } from "./log_lines.js";

const PORTION = 250;
// How near to its end a list is seen as followed.
const NEAR_PX = 30;

// `iterations`: [from, to] of those that are asked for, or null; `onIterations` changes it.
export const LogPanel = ({ task, log, stack, iterations, onIterations }) => {
  const [onlyErrors, setOnlyErrors] = useState(false);
  const [text, setText] = useState("");
  const [follows, setFollows] = useState(kept("follow", true));
  const [shown, setShown] = useState(PORTION);
  const box = useRef(null);
  const lines = useMemo(() => linesOf(log.logs), [log.logs]);
  const wanted = useMemo(
    () => lines.filter((line) => isWanted(line, { onlyErrors, text, iterations })),
    [lines, onlyErrors, text, iterations],
  );
  useEffect(() => setShown(PORTION), [onlyErrors, text, iterations]);
  const hidden = Math.max(0, wanted.length - shown);
  const last = wanted.at(-1)?.key;
  useEffect(() => {
    if (follows && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [follows, last, wanted.length]);
  useKeptPlace(box, hidden, follows);

  const follow = (value) => {
    keep("follow", value);
    setFollows(value);
  };
  // Who scrolls back wants to read, and who goes to the end to follow.
  const scrolled = () => {
    const { scrollTop, scrollHeight, clientHeight } = box.current;
    if (follows && scrollHeight - scrollTop - clientHeight > NEAR_PX * 4) setFollows(false);
  };
  return html`
    <div class="row log-tools">
      <label class="log-search">
        <span class="unseen">Lines with this text</span>
        <input
          type="search"
          value=${text}
          placeholder="Lines with this text"
          onInput=${(event) => setText(event.target.value)}
        />
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked=${onlyErrors}
          onChange=${(event) => setOnlyErrors(event.target.checked)}
        />
        Errors only
      </label>
      <label class="check">
        <input type="checkbox" checked=${follows} onChange=${(event) => follow(event.target.checked)} />
        Follow
      </label>
      ${
        iterations &&
        html`
        <span class="tag">
          ${
            iterations[0] === iterations[1]
              ? `Iteration ${number(iterations[0])}`
              : `Iterations ${number(iterations[0])} to ${number(iterations[1])}`
          }
        </span>
        <button type="button" class="small" onClick=${() => onIterations(null)}>All iterations</button>
      `
      }
      <span class="quiet log-count" role="status">
        ${
          wanted.length === lines.length
            ? plural(lines.length, "line")
            : `${number(wanted.length)} of ${plural(lines.length, "line")}`
        }
      </span>
    </div>
    ${log.failure && html`<div class="notice" role="status"><p>${log.failure.message}</p></div>`}
    ${
      !lines.length
        ? html`<p class="empty">It has logged nothing${task.iterations ? "" : " yet"}.</p>`
        : html`
          <div
            class="log"
            ref=${box}
            tabindex="0"
            role="region"
            aria-label="Lines of the log"
            onScroll=${scrolled}
          >
            ${
              (hidden > 0 || !log.hasAll) &&
              html`
              <p class="row log-earlier">
                ${
                  hidden > 0
                    ? html`
                      <button type="button" class="small" onClick=${() => setShown(shown + PORTION)}>
                        Show ${number(Math.min(PORTION, hidden))} earlier
                      </button>
                      <span class="quiet">${number(hidden)} before these</span>
                    `
                    : html`
                      <button type="button" class="small" disabled=${log.isReading} onClick=${log.earlier}>
                        ${log.isReading ? "Reading …" : "Read earlier iterations"}
                      </button>
                    `
                }
              </p>
            `
            }
            <ol class="log-lines">
              ${wanted.slice(hidden).map(
                (line, place, all) => html`
                    <${Line}
                      key=${line.key}
                      line=${line}
                      begins=${line.iteration !== all[place - 1]?.iteration}
                    />
                  `,
              )}
            </ol>
          </div>
        `
    }
    <${Elsewhere} ...${{ task, log, stack, iterations }} />
  `;
};

// What was in view stays there when earlier lines come before it.
const useKeptPlace = (box, hidden, follows) => {
  const before = useRef({});
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const old = before.current;
    if (!follows && old.hidden > hidden) element.scrollTop += element.scrollHeight - old.height;
    before.current = { hidden, height: element.scrollHeight };
  });
};

const Line = ({ line, begins }) => html`
  <li class=${`log-line ${line.type === "error" ? "log-error" : ""} ${begins ? "log-begins" : ""}`}>
    <span class="log-where">
      <time datetime=${line.createdOn} title=${moment(line.createdOn)}>${clock(line.createdOn)}</time>
      <span class="log-iteration" title=${`Iteration ${line.iteration}`}>#${line.iteration}</span>
      ${
        line.type === "error"
          ? html`<b class="log-type">error</b>`
          : html`<span class="unseen">${line.type}</span>`
      }
    </span>
    <div class="log-what">
      <bdi class="log-message">${line.message}</bdi>
      ${line.data && html`<${More} label="data" value=${line.data} />`}
      ${line.error && html`<${More} label="error" value=${line.error} />`}
    </div>
  </li>
`;

const clock = (value) =>
  new Date(value).toLocaleTimeString("en-GB", {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    fractionalSecondDigits: 3,
  });

const SHORT = 80;
const MOST_WORDS = 200;

// What belongs to a line: as it is where it is short, else as a tree that is made when it is opened.
const More = ({ label, value }) => {
  const [isOpen, setIsOpen] = useState(false);
  const text = JSON.stringify(value);
  const words = label === "error" && String(value.message ?? "").slice(0, MOST_WORDS);
  if (text.length <= SHORT) return html` <code class="log-data quiet"><bdi>${text}</bdi></code>`;
  return html`
    <details class="log-more" open=${isOpen} onToggle=${(event) => setIsOpen(event.target.open)}>
      <summary>${label}${words && html`: <bdi>${words}</bdi>`}</summary>
      ${isOpen && html`<${Tree} value=${value} label=${label} />`}
    </details>
  `;
};

// Where the lines are that the worker's process has said, and not the task's own log alone.
const Elsewhere = ({ task, log, stack, iterations }) => {
  if (!stack) return "";
  if (stack.isLocal) {
    const command = commandOf(task.id);
    return html`
      <p class="row log-elsewhere">
        <span class="quiet">All that its process has said:</span> <code>${command}</code>
        <${Copy} text=${command} label="Copy command" />
      </p>
    `;
  }
  const inside = log.logs.filter(
    ({ iteration }) => !iterations || (iteration >= iterations[0] && iteration <= iterations[1]),
  );
  const times = inside.flatMap((each) =>
    (each.items ?? []).map((line) => Date.parse(line.createdOn)),
  );
  const from = times.length ? times.reduce((a, b) => Math.min(a, b)) : Date.parse(task.createdOn);
  const to = times.length ? times.reduce((a, b) => Math.max(a, b)) : Date.now();
  const found = Object.entries(logLinks(stack.links, { task: task.id, iterations, from, to }));
  const execution = executionLink(stack.links, inside.at(-1)?.executionName || task.executionName);
  if (!found.length && !execution) return "";
  return html`
    <p class="row log-elsewhere">
      <span class="quiet">In the AWS console${iterations ? ", of these iterations" : ""}:</span>
      ${found.map(
        ([worker, url]) => html`
          <a href=${url} target="_blank" rel="noreferrer">
            CloudWatch${found.length > 1 ? `, the worker ${worker}` : ""}
          </a>
        `,
      )}
      ${execution && html`<a href=${execution} target="_blank" rel="noreferrer">its execution</a>`}
    </p>
  `;
};
