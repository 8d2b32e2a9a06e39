// Lists: items that are added, moved and removed; and those that have a place each.
import { html, useEffect, useRef } from "../html.js";
import { focusWithin } from "./focus.js";
import { modelOf } from "./schema.js";
import { idOf } from "./places.js";
import { startOf, withItem, withMoved, withoutItem } from "./values.js";

export const ListField = ({ form, model, value, path, onChange, label }) => {
  const list = Array.isArray(value) ? value : [];
  return html`
    <${Items}
      form=${form}
      list=${list}
      path=${path}
      onChange=${onChange}
      label=${label}
      schemaOf=${() => model.items}
      canAdd=${list.length < (model.most ?? Infinity)}
    />
  `;
};

// What has a place has a field; behind these there may be others.
export const TupleField = ({ form, model, value, path, onChange, label }) => {
  const list = Array.isArray(value) ? value : [];
  const padded = model.parts.map((_, at) => list[at]).concat(list.slice(model.parts.length));
  return html`
    <${Items}
      form=${form}
      list=${padded}
      path=${path}
      onChange=${onChange}
      label=${label}
      fixed=${model.parts.length}
      schemaOf=${(at) => model.parts[at] ?? model.rest ?? {}}
      canAdd=${model.rest !== null && padded.length < (model.most ?? Infinity)}
    />
  `;
};

const Items = ({ form, list, path, onChange, label, schemaOf, canAdd, fixed = 0 }) => {
  // Items have no names: each keeps its key when it is moved, so that the focus goes with it.
  const keys = useRef([]);
  const focus = useRef(null);
  while (keys.current.length < list.length) keys.current.push(crypto.randomUUID());
  keys.current.length = list.length;
  useEffect(() => {
    if (focus.current) focusWithin(document.getElementById(focus.current));
    focus.current = null;
  });
  const id = idOf(form.prefix, path);
  const addId = `${id}-add`;
  const itemId = (at) => idOf(form.prefix, [...path, at]);

  const add = () => {
    focus.current = itemId(list.length);
    onChange([...list, startOf(schemaOf(list.length), form.root)]);
  };
  const move = (at, step) => {
    // The first one stays where it is; its button keeps the focus.
    if (at + step < fixed || at + step >= list.length) return;
    keys.current = withMoved(keys.current, at, step);
    onChange(withMoved(list, at, step));
  };
  const remove = (at) => {
    keys.current = withoutItem(keys.current, at);
    focus.current = addId;
    onChange(withoutItem(list, at));
  };
  return html`
    <div class="items">
      ${list.map((item, at) => {
        const nth = `${at + 1} of ${label || "the list"}`;
        return html`
          <div class="item" key=${keys.current[at]}>
            <${form.Field}
              form=${form}
              schema=${schemaOf(at)}
              name=${modelOf(schemaOf(at), form.root, path.length).title ? "" : `Item ${at + 1}`}
              path=${[...path, at]}
              value=${item}
              isRequired
              isItem
              onChange=${(part) => onChange(withItem(list, at, part))}
            />
            ${
              at >= fixed &&
              html`<div class="row item-buttons">
              <button
                type="button"
                class="small"
                aria-disabled=${at <= fixed ? "true" : undefined}
                onClick=${() => move(at, -1)}
                aria-label=${`Move item ${nth} up`}
              >
                ↑
              </button>
              <button
                type="button"
                class="small"
                aria-disabled=${at === list.length - 1 ? "true" : undefined}
                onClick=${() => move(at, 1)}
                aria-label=${`Move item ${nth} down`}
              >
                ↓
              </button>
              <button
                type="button"
                class="small"
                onClick=${() => remove(at)}
                aria-label=${`Remove item ${nth}`}
              >
                Remove
              </button>
            </div>`
            }
          </div>
        `;
      })}
      ${
        (canAdd || list.length > fixed) &&
        html`<button type="button" class="small add" id=${addId} disabled=${!canAdd} onClick=${add}>
        Add an item<span class="unseen"> to ${label || "the list"}</span>
      </button>`
      }
    </div>
  `;
};
