// What can be done with many tasks.
import { html, useRef, useState } from "../html.js";
import { MatchingDialog } from "./matching.js";
import { SelectedDialog } from "./selected.js";
import { fitting, VERBS } from "./verbs.js";

// Buttons for tasks that were selected: each is done one after the other, and a count says how far.
//   tasks: with id, taskStatus and the fields of stateOf
//   onDone: is called when it is done; onRead: when somebody has closed what has come of it
export const SelectedActions = ({ tasks, caller, tenant, onDone, onRead }) => {
  const [asked, setAsked] = useState(null);
  const isDone = useRef(false);
  const done = () => {
    isDone.current = true;
    return onDone?.();
  };
  const close = () => {
    setAsked(null);
    if (isDone.current) onRead?.();
    isDone.current = false;
  };
  const found = fitting(tasks, caller);
  const verbs = Object.keys(found);
  return html`
    <div class="actions" role="group" aria-label="What can be done with the selected tasks">
      ${verbs.map(
        (verb) => html`
          <button
            type="button"
            key=${verb}
            class=${VERBS[verb].asks ? "danger" : ""}
            onClick=${() => setAsked({ verb, tasks: found[verb] })}
          >
            ${VERBS[verb].button} ${found[verb].length}${VERBS[verb].asks ? " …" : ""}
            <span class="unseen"> ${VERBS[verb].of[found[verb].length === 1 ? 0 : 1]}</span>
          </button>
        `,
      )}
      ${
        tasks.length > 0 &&
        verbs.length === 0 &&
        caller &&
        html`<p class="quiet">${whyNone(caller)}</p>`
      }
    </div>
    ${
      asked &&
      html`<${SelectedDialog}
      verb=${asked.verb}
      tasks=${asked.tasks}
      left=${tasks.length - asked.tasks.length}
      tenant=${tenant}
      onDone=${done}
      onClose=${close}
    />`
    }
  `;
};

const whyNone = (caller) =>
  caller.permissions.includes("w") || caller.permissions.includes("d")
    ? "There is nothing that you may do with these."
    : "You may only read: you have no permission w (to change tasks).";

// Buttons for all tasks of a filter: counted first, asked, begun, and then followed.
//   where: of the API's listTasks; words: the filter for people, "failed tasks of exportUsers"
//   isEmpty: whether none matches; what has begun goes on in its window
export const MatchingActions = ({ where, words, isEmpty, caller, tenant, onDone }) => {
  const [asked, setAsked] = useState(null);
  const verbs = Object.keys(VERBS).filter(
    (verb) => VERBS[verb].many && caller?.permissions.includes(VERBS[verb].letter),
  );
  if (verbs.length === 0) return "";
  return html`
    <div class="actions" role="group" aria-label="What can be done with all that match">
      ${(isEmpty ? [] : verbs).map(
        (verb) => html`
          <button
            type="button"
            key=${verb}
            class=${VERBS[verb].asks ? "danger" : ""}
            onClick=${() => setAsked({ verb, where, words })}
          >
            ${VERBS[verb].button} all …
          </button>
        `,
      )}
    </div>
    ${
      asked &&
      html`<${MatchingDialog}
      ...${asked}
      caller=${caller}
      tenant=${tenant}
      onDone=${onDone}
      onClose=${() => setAsked(null)}
    />`
    }
  `;
};
