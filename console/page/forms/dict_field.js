// Keys and values that people name themselves, a row for each.
import { html, useEffect, useRef, useState } from "../html.js";
import { isObject, isSame } from "./json_text.js";
import { idOf } from "./places.js";
import { startOf } from "./values.js";

export const DictField = ({ form, model, value, path, onChange, label }) => html`
  <${DictRows}
    form=${form}
    schema=${model.values}
    path=${path}
    value=${isObject(value) ? value : {}}
    onChange=${onChange}
    what=${label || "keys"}
  />
`;

const NONE = new Set();

// The rows. A key that is empty, or there twice, is a row that is no part of the value yet.
export const DictRows = ({
  form,
  schema,
  path,
  value,
  onChange,
  what,
  reserved = NONE,
  most = Infinity,
}) => {
  const [rows, setRows] = useState(() => rowsOf(value));
  const next = useRef(null);
  useEffect(() => {
    if (!isSame(objectOf(rows, reserved), value)) setRows(rowsOf(value));
  }, [value]);
  useEffect(() => {
    const wrong = problemOf(rows, reserved);
    if (!wrong) return undefined;
    form.tell([...path, "", "keys"], wrong);
    return () => form.tell([...path, "", "keys"], null);
  }, [rows]);
  useEffect(() => {
    if (next.current) document.getElementById(next.current)?.focus();
    next.current = null;
  });

  const change = (now) => {
    setRows(now);
    onChange(objectOf(now, reserved));
  };
  const changeRow = (id, part) =>
    change(rows.map((row) => (row.id === id ? { ...row, ...part } : row)));
  const add = () => {
    const row = { id: crypto.randomUUID(), key: "", value: startOf(schema, form.root) };
    next.current = keyId(row);
    change([...rows, row]);
  };
  const keyId = (row) => `${idOf(form.prefix, path)}-key-${row.id}`;
  const addId = `${idOf(form.prefix, path)}-add`;
  return html`
    <div class="rows">
      ${rows.map((row, at) => {
        const wrong = whyNot(rows, at, reserved);
        const name = row.key || `row ${at + 1}`;
        return html`
          <div class="dict-row" key=${row.id} role="group" aria-label=${`${what}: ${name}`}>
            <div class=${wrong ? "field wrong" : "field"}>
              <label for=${keyId(row)}>Key</label>
              <input
                id=${keyId(row)}
                dir="auto"
                value=${row.key}
                autocomplete="off"
                spellcheck="false"
                aria-invalid=${wrong ? "true" : undefined}
                aria-describedby=${wrong ? `${keyId(row)}-why` : undefined}
                onInput=${(event) => changeRow(row.id, { key: event.target.value })}
              />
              ${wrong && html`<p class="why" id=${`${keyId(row)}-why`}>${wrong}</p>`}
            </div>
            <${form.Field}
              form=${form}
              schema=${schema}
              name="Value"
              path=${[...path, row.key || row.id]}
              value=${row.value}
              isRequired
              isItem
              onChange=${(part) => changeRow(row.id, { value: part })}
            />
            <button
              type="button"
              class="small remove"
              aria-label=${`Remove ${name}`}
              onClick=${() => {
                next.current = addId;
                change(rows.filter(({ id }) => id !== row.id));
              }}
            >
              Remove
            </button>
          </div>
        `;
      })}
      <button
        type="button"
        class="small add"
        id=${addId}
        disabled=${rows.length >= most}
        onClick=${add}
      >
        Add a key<span class="unseen"> to ${what}</span>
      </button>
    </div>
  `;
};

const rowsOf = (value) =>
  Object.keys(value).map((key) => ({ id: crypto.randomUUID(), key, value: value[key] }));

const whyNot = (rows, at, reserved) => {
  const { key } = rows[at];
  if (key === "") return "A key is missing.";
  if (reserved.has(key)) return "A field above is called so.";
  return rows.findIndex((row) => row.key === key) < at ? "This key is there twice." : "";
};

const problemOf = (rows, reserved) => {
  const at = rows.findIndex((_, place) => whyNot(rows, place, reserved));
  return at < 0 ? null : whyNot(rows, at, reserved);
};

const objectOf = (rows, reserved) =>
  Object.fromEntries(
    rows.filter((_, at) => !whyNot(rows, at, reserved)).map(({ key, value }) => [key, value]),
  );
