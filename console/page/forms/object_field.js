// An object with named fields, and maybe others beside.
import { html } from "../html.js";
import { DictRows } from "./dict_field.js";
import { isObject, isSame } from "./json_text.js";
import { modelOf } from "./schema.js";
import { partOf, withKey } from "./values.js";

export const ObjectField = ({ form, model, value, path, onChange, label }) => {
  const object = isObject(value) ? value : {};
  const names = new Set(model.fields.map(({ name }) => name));
  const others = Object.keys(object).filter((key) => !names.has(key));
  const shown = model.fields.filter(({ schema, name, isRequired }) =>
    hasChoice(modelOf(schema, form.root, path.length + 1), partOf(object, name), isRequired),
  );
  return html`
    <div class="fields">
      ${shown.map(
        ({ name, schema, isRequired }) => html`
          <${form.Field}
            key=${name}
            form=${form}
            schema=${schema}
            name=${name}
            path=${[...path, name]}
            value=${partOf(object, name)}
            isRequired=${isRequired}
            onChange=${(part) => onChange(withKey(object, name, part))}
          />
        `,
      )}
    </div>
    ${model.fields.length === 0 && !model.rest && html`<p class="quiet">It has no fields.</p>`}
    ${
      model.rest
        ? html`<${DictRows}
          form=${form}
          schema=${model.rest.schema}
          path=${path}
          value=${Object.fromEntries(others.map((key) => [key, object[key]]))}
          reserved=${names}
          what=${label ? `other keys of ${label}` : "other keys"}
          onChange=${(rest) =>
            onChange({
              ...Object.fromEntries(Object.entries(object).filter(([key]) => names.has(key))),
              ...rest,
            })}
        />`
        : others.length > 0 &&
          html`<p class="hint">
          It also has ${others.map((key) => html`<code>${key}</code> `)}: no field is called so. See
          its JSON.
        </p>`
    }
  `;
};

// Whether there is anything to say of a field: not where it has the one value that it may have.
const hasChoice = (model, value, isRequired) =>
  model.kind !== "fixed" || !(value === undefined ? !isRequired : isSame(value, model.fixed));
