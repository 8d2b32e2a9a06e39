// The fields of what is said beside an input: folded, as most triggers say none of it.
import { html, useMemo } from "../html.js";
import { duration } from "../words.js";
import { DictRows } from "./dict_field.js";
import { DURATION_HELP, secondsOf } from "./durations.js";
import { Field } from "./field.js";
import { MOST_TAGS } from "./options.js";
import { idOf, keyOf } from "./places.js";

const FIELDS = [
  ["name", "Name", "What the task is called; by default, the title of its definition."],
  ["delay", "Delay", `How long it waits before it starts: ${DURATION_HELP}.`],
  ["timeout", "Timeout", "It fails if it is not over so long after this."],
  ["expiresAfter", "Expires after", "It fails if it has not started so long after this."],
  ["priority", "Priority", "Its head start in the queue for a slot, as a duration."],
  [
    "idempotencyKey",
    "Idempotency key",
    "The same key triggers one task, however often it is sent; by default, each has a new one.",
  ],
];
const TAG = { type: "string", minLength: 1, maxLength: 256 };
const DURATIONS = new Set(["delay", "timeout", "expiresAfter", "priority"]);

// options: as NO_OPTIONS; errors: [{ path, message }]; tell: (path, words or null) =>
export const OptionFields = ({ options, onChange, errors, prefix, tell }) => {
  const byPath = useMemo(
    () => new Map(errors.map(({ path, message }) => [keyOf(path), [message]])),
    [errors],
  );
  const set = (name) => (value) => onChange({ ...options, [name]: value });
  return html`
    <details class="more">
      <summary>More: name, delay, tags, limits of time</summary>
      <div class="fields">
        ${FIELDS.map(([name, label, hint]) => {
          const id = idOf(prefix, [name]);
          const why = byPath.get(keyOf([name]));
          const seconds = DURATIONS.has(name) ? secondsOf(options[name]) : null;
          return html`
            <div class=${why ? "field wrong" : "field"} key=${name}>
              <label for=${id}>${label}</label>
              <p class="hint" id=${`${id}-hint`}>${hint}</p>
              <div class="row">
                <input
                  id=${id}
                  value=${options[name]}
                  dir=${name === "name" ? "auto" : undefined}
                  autocomplete="off"
                  spellcheck="false"
                  aria-invalid=${why ? "true" : undefined}
                  aria-describedby=${why ? `${id}-hint ${id}-why` : `${id}-hint`}
                  onInput=${(event) => set(name)(event.target.value)}
                />
                ${
                  seconds != null &&
                  seconds >= 60 &&
                  html`<span class="hint">${duration(seconds)}</span>`
                }
              </div>
              ${why && html`<p class="why" id=${`${id}-why`}>${why}</p>`}
            </div>
          `;
        })}
      </div>
      <fieldset class="group" id=${idOf(prefix, ["tags"])} tabindex="-1">
        <legend>Tags</legend>
        <p class="hint">What the task is found by: up to ${MOST_TAGS} keys, each with a text.</p>
        ${byPath.get(keyOf(["tags"])) && html`<p class="why">${byPath.get(keyOf(["tags"]))}</p>`}
        <${DictRows}
          form=${{ Field, prefix, root: TAG, errors: byPath, tell }}
          schema=${TAG}
          path=${TAGS}
          value=${options.tags}
          what="tags"
          most=${MOST_TAGS}
          onChange=${set("tags")}
        />
      </fieldset>
    </details>
  `;
};

const TAGS = ["tags"];
