// What can be done with one task.
import { html, useEffect, useRef, useState } from "../html.js";
import { askOne } from "../api.js";
import { Later } from "../parts/later.js";
import { say } from "../parts/toasts.js";
import { useWork } from "../parts/work.js";
import { goTo, hrefTo } from "../route.js";
import { AbortDialog, DeleteDialog } from "./abort.js";
import { RetriedBy } from "./retried_by.js";
import { VERBS, verbsOf, whyReadOnly } from "./verbs.js";

// Those that have a form are loaded with it.
const loadRetry = async () => (await import("./retry.js")).RetryDialog;
const loadSignal = async () => (await import("./signal.js")).SignalDialog;
const DIALOGS = {
  abort: AbortDialog,
  delete: DeleteDialog,
  retry: (props) => html`<${Later} load=${loadRetry} what="the form" ...${props} />`,
  signal: (props) => html`<${Later} load=${loadSignal} what="the form" ...${props} />`,
};

// Buttons for what fits the task's state and the caller's permissions.
//   onDone: is called when something was done, with the task as it then is; null: it is deleted
export const TaskActions = ({ task, caller, tenant, onDone }) => {
  const [asked, setAsked] = useState("");
  const group = useRef(null);
  const verbs = verbsOf(task, caller);
  const why = whyReadOnly(task, caller);

  const does = (verb) => async (given) => {
    const { operation, document, repeats, done } = VERBS[verb];
    const answer = await askOne(
      operation,
      document,
      { id: task.id, ...given },
      { tenant, repeats },
    );
    setAsked("");
    const name = task.name || task.id;
    if (verb === "retry") {
      say(`“${name}” is retried.`);
      onDone?.({ ...task, retriedBy: answer.data.id });
      goTo(hrefTo("tasks", answer.data.id, { tenant }));
      return;
    }
    say(`“${name}” was ${done}.`);
    onDone?.(verb === "delete" ? null : { ...task, ...answer.data });
  };
  // A button that is gone, since its verb fits no more, leaves the focus here.
  const shown = verbs.join();
  const before = useRef(shown);
  useEffect(() => {
    if (before.current !== shown && !asked && document.activeElement === document.body)
      group.current?.focus();
    before.current = shown;
  }, [shown, asked]);

  const Asked = DIALOGS[asked];
  return html`
    <div
      class="actions"
      role="group"
      aria-label="What can be done with this task"
      tabindex="-1"
      ref=${group}
    >
      ${verbs.map((verb) =>
        DIALOGS[verb]
          ? html`<button
              type="button"
              key=${verb}
              class=${VERBS[verb].asks ? "danger" : ""}
              onClick=${() => setAsked(verb)}
            >
              ${VERBS[verb].button} …
            </button>`
          : html`<${Now} key=${verb} verb=${verb} act=${does(verb)} />`,
      )}
      ${
        task.retriedBy &&
        html`<span>It was retried as <${RetriedBy} task=${task} tenant=${tenant} />.</span>`
      }
      ${why && html`<p class="quiet">${why}</p>`}
    </div>
    ${
      Asked &&
      html`<${Asked}
      task=${task}
      tenant=${tenant}
      act=${does(asked)}
      onClose=${() => setAsked("")}
    />`
    }
  `;
};

// A button that asks nothing: what it does can be undone.
const Now = ({ verb, act }) => {
  const { isBusy, run } = useWork(async () => {
    try {
      await act({});
    } catch (failure) {
      say(failure.message, { isError: true });
    }
  });
  const { button, doing } = VERBS[verb];
  return html`<button type="button" disabled=${isBusy} onClick=${() => run()}>
    ${isBusy ? `${doing} …` : button}
  </button>`;
};
