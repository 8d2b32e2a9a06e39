// Retries a task as a new one: from its last checkpoint or from its start, with its input edited.
import { html, useEffect, useMemo, useRef, useState } from "../html.js";
import { ask, opened } from "../api.js";
import { ErrorSummary } from "../forms/error_summary.js";
import { InputForm } from "../forms/input_form.js";
import { isObject, isSame, roundedIn, written } from "../forms/json_text.js";
import { nameOfPath, placed } from "../forms/places.js";
import { changesOf, partAt } from "../forms/values.js";
import { Dialog } from "../parts/dialog.js";
import { Failed, Loading } from "../parts/notices.js";
import { useWork } from "../parts/work.js";
import { bytes } from "../words.js";
import { Refused, Subject } from "./confirm.js";
import { RetriedBy } from "./retried_by.js";

const LOADED = `query($id: ID!) {
  backgroundTasks {
    getTask(id: $id) {
      data { id name definitionId taskStatus retriedBy input }
      error { message code data }
    }
    listDefinitions { data { id inputSchema } error { message code data } }
  }
}`;
const PREFIX = "retry";
const SHOWN =
  " Shown is that of its last checkpoint; what you leave alone is what it was triggered with.";
// A longer input is shown when somebody asks for it.
const MOST_CHARACTERS = 100_000;
const NOTHING = [];
const NONE = { problems: NOTHING, value: undefined };

// act: async ({ input, fromStart }) => retries it
export const RetryDialog = ({ task, tenant, act, onClose }) => {
  const [loaded, setLoaded] = useState(null);
  const [failure, setFailure] = useState(null);
  const [tries, setTries] = useState(0);
  useEffect(() => {
    const controller = new AbortController();
    setFailure(null);
    ask(LOADED, { id: task.id }, { tenant, signal: controller.signal })
      .then((answer) => {
        const { data } = opened(answer.getTask);
        const known = answer.listDefinitions.data ?? [];
        setLoaded({ ...data, definition: known.find(({ id }) => id === data.definitionId) });
      })
      .catch((error) => error.name === "AbortError" || setFailure(error));
    return () => controller.abort();
  }, [tries]);
  if (loaded && !loaded.retriedBy) {
    return html`<${RetryForm} task=${loaded} act=${act} onClose=${onClose} />`;
  }
  return html`
    <${Dialog} title="Retry this task" onClose=${onClose} isWide>
      <${Subject} task=${loaded ?? task} />
      ${
        loaded
          ? html`<p>
            It was retried already: <${RetriedBy} task=${loaded} tenant=${tenant} />. If that one
            has failed, too, retry it in turn.
          </p>`
          : failure
            ? html`<${Failed} failure=${failure} isTrying=${false} />
              <button type="button" onClick=${() => setTries(tries + 1)}>Try again</button>`
            : html`<${Loading} what="its input" />`
      }
    <//>
  `;
};

const RetryForm = ({ task, act, onClose }) => {
  const schema = task.definition?.inputSchema ?? null;
  const before = task.input ?? undefined;
  const size = useMemo(() => written(before, 0).length, []);
  const [value, setValue] = useState(before);
  const [isOpen, setIsOpen] = useState(size <= MOST_CHARACTERS);
  const [fromStart, setFromStart] = useState(false);
  const [unread, setUnread] = useState(NOTHING);
  const [found, setFound] = useState(NONE);
  const attempt = useRef(0);
  const { changed, removed } = useMemo(() => changesOf(before, value, isSame), [value]);
  const rounded = changed ? roundedIn(changed) : NOTHING;
  const isNoObject = value !== undefined && !isObject(value);

  const show = (problems) => {
    attempt.current += 1;
    setFound({ problems: problems.map((problem) => ({ ...problem, prefix: PREFIX })), value });
  };
  // What was changed since is no problem any more, before it is sent again.
  const wrong = useMemo(
    () =>
      found.problems.filter(({ path }) => isSame(partAt(found.value, path), partAt(value, path))),
    [found, value],
  );
  const { isBusy, failure, run } = useWork(async () => {
    setFound(NONE);
    if (unread.length) return show(unread);
    if (isNoObject)
      return show([{ path: [], message: 'An input is an object, such as {"name": "value"}.' }]);
    try {
      await act({ input: changed, fromStart });
    } catch (error) {
      if (!error.data?.invalidFields) throw error;
      show(placed(error.data.invalidFields, schema, value));
    }
  });
  const close = () => isBusy || onClose();
  return html`
    <${Dialog} title="Retry this task" onClose=${close} isWide>
      <form
        novalidate
        aria-busy=${isBusy ? "true" : undefined}
        onSubmit=${(event) => {
          event.preventDefault();
          run();
        }}
      >
        <${Subject} task=${task} />
        <fieldset class="choices">
          <legend>Where the new task begins</legend>
          <label class="check">
            <input
              type="radio"
              name="from"
              checked=${!fromStart}
              onChange=${() => setFromStart(false)}
            />
            From its last checkpoint: what it had done stays done
          </label>
          <label class="check">
            <input
              type="radio"
              name="from"
              checked=${fromStart}
              onChange=${() => setFromStart(true)}
            />
            From the start: with the input that it was triggered with
          </label>
        </fieldset>
        <h3>Its input</h3>
        ${
          isOpen
            ? html`
              <p class="hint">
                What you change takes the place of what was there; the rest stays as it is.${" "}
                ${fromStart && SHOWN}
              </p>
              <${InputForm}
                schema=${schema}
                value=${value}
                errors=${wrong}
                prefix=${PREFIX}
                onChange=${setValue}
                onProblems=${setUnread}
              />
            `
            : html`<p>
              It has ${bytes(size)}.${" "}
              <button type="button" class="link" onClick=${() => setIsOpen(true)}>
                Edit it as JSON
              </button>
            </p>`
        }
        <div role="status">
          ${
            changed &&
            html`<p>Changed: ${Object.keys(changed).map((name) => html`<code>${name}</code> `)}</p>`
          }
          ${
            removed.length > 0 &&
            html`<p class="why">
            Taken out, but a retry keeps it: ${removed.map((name) => html`<code>${name}</code> `)}.
            Give it a value instead.
          </p>`
          }
          ${
            rounded.length > 0 &&
            html`<p class="why">
            The browser may have rounded${" "} ${rounded.map(nameOfPath).join(", ")}: type these
            numbers again.
          </p>`
          }
        </div>
        ${
          wrong.length > 0 &&
          html`<${ErrorSummary}
          problems=${wrong}
          attempt=${attempt.current}
          title="It can't be retried with this input:"
        />`
        }
        ${failure && html`<${Refused} failure=${failure} />`}
        <div class="row end">
          <button type="button" disabled=${isBusy} onClick=${close}>Cancel</button>
          <button type="submit" class="main" disabled=${isBusy}>
            ${isBusy ? "Retrying …" : "Retry"}
          </button>
        </div>
      </form>
    <//>
  `;
};
