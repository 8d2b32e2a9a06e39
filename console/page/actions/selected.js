// Says a verb of each of some tasks, shows how far that is, and what has come of it.
import { html, useEffect, useRef, useState } from "../html.js";
import { askOne } from "../api.js";
import { Dialog } from "../parts/dialog.js";
import { hrefTo } from "../route.js";
import { plural } from "../words.js";
import { oneByOne } from "./one_by_one.js";
import { VERBS } from "./verbs.js";

const MOST_NAMES = 8;
const beginning = (tasks) => ({ done: [], refused: [], left: tasks.length, isOver: false });

// left: how many of those that were selected the verb does not fit
export const SelectedDialog = ({ verb, tasks, left, tenant, onDone, onClose }) => {
  const { button, asks, operation, document, repeats, doing, done, of } = VERBS[verb];
  const [state, setState] = useState(asks ? null : beginning(tasks));
  const [isStopping, setIsStopping] = useState(false);
  const isCancelled = useRef(false);
  const isBegun = useRef(false);
  const over = useRef(null);
  const begin = async () => {
    if (isBegun.current) return;
    isBegun.current = true;
    setState(beginning(tasks));
    const ended = await oneByOne(
      tasks,
      ({ id }) => askOne(operation, document, { id }, { tenant, repeats }),
      { told: setState, isCancelled: () => isCancelled.current },
    );
    if (ended.done.length > 0 || ended.refused.length > 0) onDone?.();
  };
  useEffect(() => {
    if (!asks) begin();
    // Whoever leaves the page ends it behind the tasks in hand.
    return () => (isCancelled.current = true);
  }, []);
  useEffect(() => {
    if (state?.isOver) over.current?.focus();
  }, [state?.isOver]);
  const stop = () => {
    isCancelled.current = true;
    setIsStopping(true);
  };

  const count = plural(tasks.length, ...of);
  const close = () => (state && !state.isOver ? stop() : onClose());
  if (!state) {
    return html`
      <${Dialog} title=${`${button} ${count}?`} onClose=${onClose}>
        <ul>
          ${tasks.slice(0, MOST_NAMES).map(
            ({ id, name }) =>
              html`<li key=${id}>
                  <bdi>${name || id}</bdi> ${name && html`<span class="id quiet">${id}</span>`}
                </li>`,
          )}
        </ul>
        ${
          tasks.length > MOST_NAMES &&
          html`<p class="quiet">and ${tasks.length - MOST_NAMES} more</p>`
        }
        <p>${EFFECTS[verb]} This can't be undone.</p>
        <div class="row end">
          <button type="button" onClick=${onClose}>Cancel</button>
          <button type="button" class="danger" onClick=${begin}>${button} ${count}</button>
        </div>
      <//>
    `;
  }
  const behind = tasks.length - state.left;
  return html`
    <${Dialog}
      title=${state.isOver ? `${button}: what has come of it` : `${doing} ${count}`}
      onClose=${close}
    >
      <div class="run" tabindex="-1" autofocus>
        <progress
          max=${tasks.length}
          value=${behind}
          aria-label=${`${behind} of ${tasks.length}`}
        ></progress>
        <div role="status">
          <ul class="run-counts">
            <li>${behind} of ${tasks.length}</li>
            <li><b>${state.done.length}</b> ${done}</li>
            ${
              state.refused.length > 0 &&
              html`<li class="why"><b>${state.refused.length}</b> refused</li>`
            }
            ${
              state.isOver &&
              state.left > 0 &&
              html`<li><b>${state.left}</b> left as they were</li>`
            }
          </ul>
        </div>
        ${
          left > 0 &&
          html`<p class="quiet">
          ${plural(left, "other")} of the selected ${left === 1 ? "is no" : "are no"}${" "}
          ${of[left === 1 ? 0 : 1]}.
        </p>`
        }
        ${
          state.refused.length > 0 &&
          html`<ul class="reasons">
          ${state.refused.map(
            ({ item, why, code }) => html`
              <li key=${item.id}>
                <a class="id" href=${hrefTo("tasks", item.id, { tenant })}>${item.id}</a>:${" "}
                <bdi>${why}</bdi>
                ${code && html` <span class="code quiet">${code}</span>`}
              </li>
            `,
          )}
        </ul>`
        }
        <div class="row end">
          ${
            state.isOver
              ? html`<button type="button" class="main" ref=${over} onClick=${onClose}>Close</button>`
              : html`<button type="button" disabled=${isStopping} onClick=${stop}>
                ${isStopping ? "Stopping …" : "Stop"}
              </button>`
          }
        </div>
      </div>
    <//>
  `;
};

const EFFECTS = {
  abort: "They end for good, and their open children with them.",
  delete: "They are deleted with their logs, inputs and outputs; their children stay.",
};
