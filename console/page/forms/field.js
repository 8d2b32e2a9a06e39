// One part of a form: its label, what it takes, and what is wrong with it.
import { html, useEffect, useRef, useState } from "../html.js";
import { focusWithin } from "./focus.js";
import { ListField, TupleField } from "./list_field.js";
import { DictField } from "./dict_field.js";
import { JsonEditor } from "./json_editor.js";
import { isSame, written } from "./json_text.js";
import { ObjectField } from "./object_field.js";
import { idOf, keyOf } from "./places.js";
import { isSameName, labelOf, modelOf } from "./schema.js";
import {
  ChoiceField,
  DecimalField,
  FixedField,
  NumberField,
  TextField,
  YesNoField,
} from "./simple_fields.js";
import { UnionField } from "./union_field.js";
import { startOf } from "./values.js";

const SIMPLE = {
  text: TextField,
  decimal: DecimalField,
  number: NumberField,
  yesno: YesNoField,
  choice: ChoiceField,
  fixed: FixedField,
  null: FixedField,
};
// These have fields in turn: their modules import this one.
const nestedOf = (kind) =>
  ({ object: ObjectField, dict: DictField, list: ListField, tuple: TupleField, union: UnionField })[
    kind
  ];
const MOST_ITEMS = 100;

// A part of a form.
//   form: { prefix, root, errors, tell } as InputForm makes it
//   value: undefined: it is left out
//   onChange: (value) => undefined leaves it out
//   name: of the part, "3rd item" where it has no other
//   isRequired: whether it may not be left out; isWhole: whether it is the input itself
//   isItem: whether it is there anyway, so that nobody has to be told
//   isOption: whether it is what was chosen of a union, whose label and errors are told there
export const Field = (props) => {
  const { form, schema, value, path, isWhole = false, isOption = false, name = "" } = props;
  const model = modelOf(schema, form.root, path.length);
  const isLong =
    typeof value === "object" && value !== null && Object.keys(value).length > MOST_ITEMS;
  const isOdd = isLong || !isShowable(model, value);
  const Nested = isOdd ? undefined : nestedOf(model.kind);
  const shared = { ...props, model, label: labelOf(model, name), id: idOf(form.prefix, path) };
  if (Nested && isWhole) return html`<${Errors} ...${shared} /><${Nested} ...${shared} />`;
  if (Nested && isOption) return html`<${Nested} ...${shared} />`;
  if (Nested) return html`<${Group} ...${shared} Inside=${Nested} />`;
  return html`<${Line}
    ...${shared}
    Control=${isOdd ? JsonField : SIMPLE[model.kind] ?? JsonField}
  />`;
};

// Whether the kind of field can show what the value is: JSON may have anything in its place.
const isShowable = (model, value) => {
  if (value === undefined || value === null) return true;
  if (model.kind === "list" || model.kind === "tuple") return Array.isArray(value);
  if (model.kind === "object" || model.kind === "dict") {
    return typeof value === "object" && !Array.isArray(value);
  }
  return (
    model.kind === "union" || model.kind === "json" || typeof value !== "object" || "text" in value
  );
};

const Line = ({ isOption, ...given }) => {
  const props = isOption ? { ...given, id: `${given.id}-value` } : given;
  const { form, model, path, id, value, onChange, isRequired, label, Control } = props;
  const errors = isOption ? [] : form.errors.get(keyOf(path)) ?? [];
  const describedBy = [
    model.hint || Control === JsonField ? `${id}-hint` : "",
    errors.length ? `${id}-why` : "",
  ].filter(Boolean);
  return html`
    <div class=${`field ${errors.length ? "wrong" : ""} ${isWide(model, Control) ? "wide" : ""}`}>
      <div class="row between field-head">
        <label for=${id}><${Name} ...${props} /></label>
        ${
          !isOption && html`<${LeaveOut} ...${{ model, value, onChange, isRequired, label, id }} />`
        }
      </div>
      <${Hint}
        id=${`${id}-hint`}
        model=${model}
        isRequired=${isRequired}
        isDefaultSaid=${Control === JsonField}
      />
      <${Control} ...${props} isInvalid=${errors.length > 0} describedBy=${describedBy.join(" ")} />
      <${Why} id=${`${id}-why`} errors=${errors} />
    </div>
  `;
};

const isWide = (model, Control) => Control === JsonField || (model.kind === "text" && model.isLong);

// Parts in a part: they are there, or it is left out, which takes one line.
const Group = (props) => {
  const { form, schema, model, path, id, value, onChange, isRequired, label, Inside } = props;
  const errors = form.errors.get(keyOf(path)) ?? [];
  const isThere = value !== undefined && value !== null;
  // An option of a union may have a field that has nothing in it yet.
  const [isOpened, setIsOpened] = useState(false);
  const isUnion = model.kind === "union";
  const isAlways = isRequired && !model.isNullable && (isUnion || model.kind === "object");
  const isShown = isThere || (value !== null && (isAlways || (isUnion && isOpened)));
  useEffect(() => setIsOpened(isThere || isOpened), [isThere]);
  const wasAdded = useRef(false);
  useEffect(() => {
    if (wasAdded.current && isShown) focusWithin(document.getElementById(id));
    wasAdded.current = false;
  }, [isShown]);
  const described = [`${id}-hint`, errors.length ? `${id}-why` : ""].join(" ").trim();
  const words = html`
    <${Hint} id=${`${id}-hint`} model=${model} isRequired=${isRequired} isDefaultSaid=${!isShown} />
    <${Why} id=${`${id}-why`} errors=${errors} />
  `;
  const leave = html`<${LeaveOut}
    ...${{ model, value, isRequired, label, id }}
    isOpened=${isUnion && isOpened}
    onChange=${(part) => {
      setIsOpened(false);
      onChange(part);
    }}
  />`;
  if (!isShown) {
    const add = () => {
      wasAdded.current = true;
      setIsOpened(true);
      onChange(startOf(schema, form.root));
    };
    return html`
      <div
        class=${errors.length ? "field group-left-out wrong" : "field group-left-out"}
        id=${id}
        tabindex="-1"
        role="group"
        aria-labelledby=${`${id}-name`}
        aria-describedby=${described}
      >
        <div class="row between field-head">
          <span class="label" id=${`${id}-name`}><${Name} ...${props} /></span>
          <span class="row">
            ${value === null && html`<code>null</code>`} ${leave}
            <button type="button" class="small" onClick=${add} aria-label=${`Set ${label}`}>
              Set
            </button>
          </span>
        </div>
        ${words}
      </div>
    `;
  }
  return html`
    <fieldset
      class=${errors.length ? "group wrong" : "group"}
      id=${id}
      tabindex="-1"
      aria-describedby=${described}
    >
      <legend><${Name} ...${props} /></legend>
      <div class="group-buttons">${leave}</div>
      ${words}
      <${Inside} ...${props} />
    </fieldset>
  `;
};

const Name = ({ model, name, isRequired, isItem }) => html`
  <bdi>${labelOf(model, name)}</bdi>
  ${
    name &&
    !isSameName(labelOf(model, name), name) &&
    html` <span class="quiet code">${name}</span>`
  }
  ${isRequired && !isItem && html` <span class="required">required</span>`}
`;

const Hint = ({ id, model, isRequired, isDefaultSaid = false }) => {
  const isSaid = isDefaultSaid && model.hasDefault && !isRequired && model.value !== null;
  const shown = isSaid ? written(model.value, 0) : "";
  if (!model.hint && !shown) return "";
  return html`
    <p class="hint" id=${id}>
      ${model.hint && html`<bdi>${model.hint}</bdi> `}
      ${
        shown &&
        html`<span
        >Default: <code>${shown.length > 80 ? `${shown.slice(0, 80)}…` : shown}</code></span
      >`
      }
    </p>
  `;
};

const Why = ({ id, errors }) =>
  errors.length > 0 &&
  html`<p class="why" id=${id}>${errors.map((each) => html`<span>${each} </span>`)}</p>`;

const Errors = ({ form, path, id }) =>
  html`<${Why} id=${`${id}-why`} errors=${form.errors.get(keyOf(path)) ?? []} />`;

// Takes a value away again, or says null where that is another thing.
const LeaveOut = ({ model, value, onChange, isRequired, label, id, isOpened = false }) => {
  const canBeNull =
    model.isNullable && (isRequired || !(model.hasDefault && isSame(model.value, null)));
  const act = (next) => () => {
    onChange(next);
    // The button is gone then.
    document.getElementById(id)?.focus();
  };
  return html`
    ${
      canBeNull &&
      value !== null &&
      html`<button
      type="button"
      class="small"
      onClick=${act(null)}
      aria-label=${`Not set: ${label} is null`}
    >
      Not set
    </button>`
    }
    ${
      (value !== undefined || isOpened) &&
      (!isRequired || (canBeNull && value === null)) &&
      html`<button
      type="button"
      class="small"
      onClick=${act(undefined)}
      aria-label=${`Leave out ${label}`}
    >
      ${isRequired ? "Set" : "Leave out"}
    </button>`
    }
  `;
};

const JsonField = ({ form, id, path, value, onChange, describedBy, isInvalid }) => html`
  <${JsonEditor}
    id=${id}
    describedBy=${describedBy}
    value=${value}
    rows=${2}
    isInvalid=${isInvalid}
    onChange=${onChange}
    onProblem=${(words) => form.tell(path, words)}
  />
`;
