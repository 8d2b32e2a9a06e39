// A part that may be of several kinds: one is chosen, and has its own fields.
import { html, useEffect, useRef, useState } from "../html.js";
import { nameOf } from "./schema.js";
import { optionOf, startOf } from "./values.js";

export const UnionField = ({ form, model, value, path, id, label, onChange, isRequired }) => {
  const fits = optionOf(model, form.root, value);
  const [chosen, setChosen] = useState(fits);
  const own = useRef(value);
  // What JSON, or a prefill, has put here says which it is; what is typed in its field does not.
  useEffect(() => {
    if (value !== own.current) setChosen(fits);
    own.current = value;
  }, [value]);
  const change = (now) => {
    own.current = now;
    onChange(now);
  };
  const names = model.options.map((option) => nameOf(option, form.root));
  return html`
    <div class="field">
      <label for=${`${id}-kind`}>Kind<span class="unseen"> of ${label || "the input"}</span></label>
      <select
        id=${`${id}-kind`}
        value=${String(chosen)}
        onChange=${(event) => {
          const to = Number(event.target.value);
          setChosen(to);
          change(startOf(model.options[to], form.root));
        }}
      >
        ${names.map(
          (name, at) =>
            html`<option value=${String(at)}>
              ${names.indexOf(name) === at ? name : `${name} (${at + 1})`}
            </option>`,
        )}
      </select>
    </div>
    <${form.Field}
      key=${chosen}
      form=${form}
      path=${path}
      schema=${model.options[chosen] ?? model.options[0]}
      name="Value"
      value=${value}
      isRequired=${isRequired}
      isOption
      onChange=${change}
    />
  `;
};
