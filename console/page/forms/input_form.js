// An input to fill in: as a form that its JSON Schema makes, and as JSON. Both are of one value.
import { html, useEffect, useId, useMemo, useRef, useState } from "../html.js";
import { Field } from "./field.js";
import { JsonEditor } from "./json_editor.js";
import { isObject, written } from "./json_text.js";
import { idOf, JSON_PATH, keyOf } from "./places.js";
import { isAnyObject } from "./schema.js";

// A form of more than that would be slow, and nobody reads it.
const MOST_CHARACTERS = 200_000;

// The input of a task.
//   schema: JSON Schema; null: there is none, and the input is JSON
//   value: undefined: nothing is given. Numbers in it may be ExactNumber
//   onChange: (value) =>
//   errors: [{ path, message }] that are shown at their fields
//   onProblems: ([{ path, message }]) => what of it can't be sent: text that is no JSON
//   prefix: what the ids of its fields begin with, as of `idOf`
//   text: JSON to begin with that may be wrong
export const InputForm = ({ schema, value, onChange, errors = [], onProblems, prefix, text }) => {
  const made = useId();
  const own = prefix ?? made;
  const isPlain = useMemo(() => schema == null || isAnyObject(schema), [schema]);
  const isLong = useMemo(() => !isPlain && written(value, 0).length > MOST_CHARACTERS, [isPlain]);
  const [tab, setTab] = useState(isPlain || isLong || text ? "json" : "form");
  const [problems, setProblems] = useState({});
  const [dropped, setDropped] = useState(0);
  const tabs = useRef([]);
  const tell = (path, message) =>
    setProblems((old) => {
      const { [keyOf(path)]: before, ...rest } = old;
      if (before === message || (before === undefined && message === null)) return old;
      return message === null ? rest : { ...rest, [keyOf(path)]: message };
    });
  useEffect(() => {
    onProblems?.(
      Object.entries(problems).map(([path, message]) => ({ path: JSON.parse(path), message })),
    );
  }, [problems]);

  const byPath = useMemo(() => {
    const found = new Map();
    for (const { path, message } of errors) {
      found.set(keyOf(path), [...(found.get(keyOf(path)) ?? []), message]);
    }
    return found;
  }, [errors]);
  // A part of a form may be a form: what has parts is handed the field that each of them is.
  const form = { Field, prefix: own, root: schema, errors: byPath, tell };
  const jsonId = idOf(own, JSON_PATH);
  const json = html`
    <${JsonEditor}
      key=${dropped}
      id=${jsonId}
      label="The input as JSON"
      value=${value}
      rows=${8}
      text=${dropped ? undefined : text}
      onChange=${onChange}
      onProblem=${(words) => tell(JSON_PATH, words)}
      isInvalid=${errors.length > 0}
    />
    ${
      value !== undefined &&
      !isObject(value) &&
      html`<p class="why">An input is an object, such as {"name": "value"}.</p>`
    }
  `;
  if (isPlain || isLong) {
    return html`<div class="input-form">
      <p class="hint" id=${`${own}-hint`}>
        ${
          isLong
            ? "The input is too long for a form; edit it as JSON."
            : 'The input is an object in JSON, such as {"name": "value"}.'
        }
      </p>
      ${json}
    </div>`;
  }

  const wrongJson = problems[keyOf(JSON_PATH)];
  const TABS = [
    ["form", "Form"],
    ["json", "JSON"],
  ];
  const move = (event) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    event.preventDefault();
    const to = tab === "form" ? 1 : 0;
    setTab(TABS[to][0]);
    tabs.current[to].focus();
  };
  return html`
    <div class="input-form">
      <div class="tabs" role="tablist" aria-label="How to edit the input">
        ${TABS.map(
          ([name, label], at) => html`
            <button
              type="button"
              role="tab"
              key=${name}
              ref=${(element) => (tabs.current[at] = element)}
              id=${`${own}-tab-${name}`}
              aria-selected=${tab === name ? "true" : "false"}
              aria-controls=${`${own}-panel-${name}`}
              tabindex=${tab === name ? 0 : -1}
              onClick=${() => setTab(name)}
              onKeyDown=${move}
            >
              ${label}
            </button>
          `,
        )}
      </div>
      <div
        role="tabpanel"
        id=${`${own}-panel-form`}
        aria-labelledby=${`${own}-tab-form`}
        hidden=${tab !== "form"}
      >
        ${
          wrongJson
            ? html`<div class="notice" role="status">
              <p>The JSON is not valid, so no form can show it. ${wrongJson}.</p>
              <div class="row">
                <button
                  type="button"
                  onClick=${() => {
                    setTab("json");
                    // It is hidden until then.
                    requestAnimationFrame(() => document.getElementById(jsonId)?.focus());
                  }}
                >
                  Mend the JSON
                </button>
                <button type="button" onClick=${() => setDropped(dropped + 1)}>
                  Drop what is not valid
                </button>
              </div>
            </div>`
            : html`<${Field}
              form=${form}
              schema=${schema}
              value=${value}
              path=${ROOT}
              isRequired
              isWhole
              onChange=${onChange}
            />`
        }
      </div>
      <div
        role="tabpanel"
        id=${`${own}-panel-json`}
        aria-labelledby=${`${own}-tab-json`}
        hidden=${tab !== "json"}
      >
        ${json}
      </div>
    </div>
  `;
};

const ROOT = [];
