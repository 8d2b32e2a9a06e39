// The table of tasks: a row each, which is a card on a narrow screen.
import { html, useEffect, useRef } from "../html.js";
import { useNow } from "../live.js";
import { useKeys } from "../parts/keys.js";
import { Progress } from "../parts/progress.js";
import { Status } from "../parts/status.js";
import { Time } from "../parts/time.js";
import { duration, isOpen } from "../words.js";
import { secondsOf, waitOf } from "./waits.js";

const OFTEN_MS = 1_000;
const SELDOM_MS = 15_000;

// linkTo: { task(id), error(code), tag([key, value]) } return links
export const Rows = ({ tasks, changed, selection, canSelect, linkTo, isOld, body }) => {
  const now = useNow(tasks.some(isOpen) ? OFTEN_MS : SELDOM_MS);
  const rove = useRoving(body, tasks);
  const find = (event) => {
    const id = event.target.closest?.("tr[data-id]")?.dataset.id;
    return tasks.find((task) => task.id === id);
  };
  useKeys({
    j: () => rove.move(1),
    k: () => rove.move(-1),
    ...(canSelect && { x: (event) => ((task) => task && selection.toggle(task))(find(event)) }),
  });
  return html`
    <table class=${`table tasks${isOld ? " old" : ""}`} aria-busy=${isOld ? "true" : undefined}>
      <caption class="unseen">Tasks</caption>
      <thead>
        <tr>
          ${canSelect && html`<td class="check-cell"><${All} ...${{ tasks, selection }} /></td>`}
          <th scope="col" class="state-cell">State</th>
          <th scope="col">Task</th>
          <th scope="col" class="doing-cell">Progress</th>
          <th scope="col" class="created-cell">Created</th>
          <th scope="col" class="took-cell">Duration</th>
          <th scope="col" class="tags-cell">Tags</th>
        </tr>
      </thead>
      <tbody ref=${body} ...${rove.handlers}>
        ${tasks.map(
          (task) => html`
            <tr
              key=${task.id}
              data-id=${task.id}
              class=${[
                changed.has(task.id) ? "changed" : "",
                selection.has(task) ? "selected" : "",
              ].join(" ")}
            >
              ${
                canSelect &&
                html`<td class="check-cell">
                <label class="target">
                  <input
                    type="checkbox"
                    checked=${selection.has(task)}
                    onChange=${() => selection.toggle(task)}
                  />
                  <span class="unseen">Select ${nameOf(task)}</span>
                </label>
              </td>`
              }
              <td class="state-cell"><${Status} task=${task} /></td>
              <th scope="row" class="task-cell">
                <a class="open" href=${linkTo.task(task.id)}><bdi>${nameOf(task)}</bdi></a>
                <div class="under">
                  ${task.name && html`<span>${task.definitionId}</span> · `}<span class="id">${task.id}</span>
                </div>
              </th>
              <td class="doing-cell"><${Doing} ...${{ task, now, linkTo }} /></td>
              <td class="created-cell" data-label="Created">
                <${Time} value=${task.createdOn} now=${now} />
              </td>
              <td class="took-cell" data-label="Duration">${took(task, now)}</td>
              <td class="tags-cell"><${Tags} ...${{ task, linkTo }} /></td>
            </tr>
          `,
        )}
      </tbody>
    </table>
  `;
};

const nameOf = (task) => task.name || task.definitionId;

const took = (task, now) => {
  const seconds = secondsOf(task, now);
  return seconds == null
    ? html`<span class="quiet">–</span>`
    : duration(isOpen(task) ? Math.floor(seconds) : seconds);
};

// What a task does, or what it has come to.
const Doing = ({ task, now, linkTo }) => {
  const wait = waitOf(task, now);
  return html`
    ${
      (isOpen(task) || task.taskStatus !== "success") &&
      task.progress &&
      html`<${Progress} progress=${task.progress} isShort />`
    }
    ${
      wait &&
      html`<div class="wait">
      <bdi>${wait.words}</bdi> <${Time} value=${wait.moment} now=${now} /> ${wait.rest}
    </div>`
    }
    ${isOpen(task) && task.problem && html`<div class="problem"><bdi>${task.problem}</bdi></div>`}
    ${
      task.errorCode &&
      html`<a class="tag error-code" href=${linkTo.error(task.errorCode)} title=${task.errorCode}
      ><span class="unseen">Error </span><bdi>${task.errorCode}</bdi></a
    >`
    }
  `;
};

const Tags = ({ task, linkTo }) =>
  Object.entries(task.tags ?? {}).map(
    (tag) => html`
      <a key=${tag[0]} class="tag" href=${linkTo.tag(tag)} title=${tag.join("=")}
        ><bdi>${tag[0]}</bdi>=<bdi>${tag[1]}</bdi></a
      >
    `,
  );

const All = ({ tasks, selection }) => {
  const count = tasks.filter(selection.has).length;
  const isEach = count > 0 && count === tasks.length;
  return html`
    <label class="target">
      <input
        type="checkbox"
        checked=${isEach}
        indeterminate=${count > 0 && !isEach}
        onChange=${() => selection.set(tasks, !isEach)}
      />
      <span class="unseen">Select all of this page</span>
    </label>
  `;
};

// Moves the focus from row to row, and keeps it near where it was if its row goes away.
const useRoving = (body, tasks) => {
  const had = useRef(null);
  const links = () => [...(body.current?.querySelectorAll("a.open") ?? [])];
  const placeOf = (element) =>
    tasks.findIndex(({ id }) => id === element?.closest?.("tr[data-id]")?.dataset.id);

  const move = (step) => {
    const all = links();
    const place = placeOf(document.activeElement);
    const next = place < 0 ? (step > 0 ? 0 : all.length - 1) : place + step;
    all[Math.min(Math.max(next, 0), all.length - 1)]?.focus();
  };

  useEffect(() => {
    if (!had.current || document.activeElement !== document.body) return;
    const { id, place } = had.current;
    if (tasks.some((task) => task.id === id)) return;
    links()[Math.min(place, tasks.length - 1)]?.focus({ preventScroll: true });
  }, [tasks]);

  const handlers = {
    onFocusIn: ({ target }) => {
      const place = placeOf(target);
      had.current = place < 0 ? null : { id: tasks[place].id, place };
    },
    // A row that goes away loses the focus, too; one that is still there was left.
    onFocusOut: ({ target }) =>
      setTimeout(() => {
        if (target.isConnected && !body.current?.contains(document.activeElement))
          had.current = null;
      }),
    onKeyDown: (event) => {
      if (!event.target.matches?.("a.open") || event.ctrlKey || event.metaKey || event.altKey)
        return;
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      move(step);
    },
  };
  return { move, handlers };
};
