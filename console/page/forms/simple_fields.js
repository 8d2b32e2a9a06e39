// Fields of one value: a text, a number, a choice. Each shows a value of any kind, and makes one of
// what is typed: what can't be made stays as the text that it is.
import { html } from "../html.js";
import { isoDurationOf, isIsoDuration } from "./durations.js";
import { ExactNumber, isSame, numberOf, roundedIn, written } from "./json_text.js";
import { localOf, utcOf } from "./moments.js";

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const TYPES = { email: "email", uri: "url", date: "date", time: "time", password: "password" };
const DATE = /^\d{4}-\d\d-\d\d$/;
const TIME = /^\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?$/;

const textOf = (value) => {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : written(value, 0);
};

// What a field is when it is left out, in a few words.
const defaultOf = ({ model, value, isRequired }) => {
  if (value === null) return "null";
  if (isRequired || !model.hasDefault || model.value === null) return "";
  const text = textOf(model.value) || '""';
  const about = roundedIn(model.value).length ? "about " : "";
  return `default: ${about}${text.length > 60 ? `${text.slice(0, 60)}…` : text}`;
};

const common = ({ id, describedBy, isInvalid, isRequired, value, model }) => ({
  id,
  "aria-describedby": describedBy || undefined,
  "aria-invalid": isInvalid ? "true" : undefined,
  "aria-required": isRequired ? "true" : undefined,
  placeholder: defaultOf({ model, value, isRequired }) || undefined,
  autocomplete: "off",
  autocapitalize: "off",
});

export const TextField = (props) => {
  const { model, value } = props;
  if (model.format === "date-time" && (value == null || localOf(value) != null)) {
    return html`<${MomentField} ...${props} />`;
  }
  if (model.format === "duration") return html`<${DurationField} ...${props} />`;
  const shown = textOf(value);
  const type = model.isSecret ? "password" : typeFor(model.format, shown) ?? "text";
  // An empty text may be meant, unless it can't be one, or null is what it stands for.
  const isEmptyMeant =
    !model.isNullable && type === "text" && !model.pattern && !(model.minLength > 0);
  const change = (event) => {
    const typed = event.target.value;
    props.onChange(typed === "" && !isEmptyMeant ? undefined : typed);
  };
  if (model.isLong && !model.isSecret) {
    return html`<textarea
      ...${common(props)}
      class="prose"
      dir="auto"
      rows="4"
      value=${shown}
      onInput=${change}
    ></textarea>`;
  }
  return html`
    <input
      ...${common(props)}
      type=${type}
      dir=${type === "text" ? "auto" : undefined}
      step=${type === "time" ? "1" : undefined}
      autocomplete=${model.isSecret ? "new-password" : "off"}
      spellcheck=${model.format ? "false" : undefined}
      value=${shown}
      onInput=${change}
    />
  `;
};

// A field of the browser for a format, if it can show what is there.
const typeFor = (format, shown) => {
  if (format === "date" && shown && !DATE.test(shown)) return "text";
  if (format === "time" && shown && !TIME.test(shown)) return "text";
  return Object.hasOwn(TYPES, format) ? TYPES[format] : undefined;
};

const MomentField = (props) => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const local = localOf(props.value) ?? "";
  return html`
    <div class="row">
      <input
        ...${common(props)}
        type="datetime-local"
        step=${local.includes(".") ? "0.001" : "1"}
        value=${local}
        onChange=${(event) => props.onChange(utcOf(event.target.value) || undefined)}
      />
      <span class="hint"
        >in your time (${zone})${props.value ? html`: <code>${props.value}</code>` : ""}</span
      >
    </div>
  `;
};

const DurationField = (props) => html`
  <div class="row">
    <input
      ...${common(props)}
      type="text"
      spellcheck="false"
      value=${textOf(props.value)}
      onInput=${(event) => props.onChange(event.target.value || undefined)}
      onChange=${(event) =>
        props.onChange(event.target.value ? isoDurationOf(event.target.value) : undefined)}
    />
    ${
      !isIsoDuration(textOf(props.value)) &&
      html`<span class="hint">such as 90s, 10m, 1h30m or 7d</span>`
    }
  </div>
`;

const signed = (text) => text.trim().replace(/^\+/, "");

export const NumberField = (props) => {
  const change = (event) => {
    const typed = signed(event.target.value);
    if (typed === "") props.onChange(undefined);
    else props.onChange(NUMBER.test(typed) ? numberOf(typed) : event.target.value);
  };
  return html`<${NumberText}
    ...${props}
    mode=${props.model.isWhole ? "numeric" : "decimal"}
    change=${change}
  />`;
};

// Where digits would be lost, a decimal goes as a text: either is taken.
export const DecimalField = (props) => {
  const change = (event) => {
    const typed = signed(event.target.value);
    const number = NUMBER.test(typed) ? numberOf(typed) : typed;
    props.onChange(typed === "" ? undefined : number instanceof ExactNumber ? typed : number);
  };
  return html`<${NumberText} ...${props} mode="decimal" change=${change} />`;
};

// A text, not a number of the browser's own: that loses digits, and what is no number yet.
const NumberText = (props) => {
  const { model, value, change, mode } = props;
  // On its way to a number, "1." and "1.50" are what they are: a text is not replaced by "1.5".
  const kept = (element) => {
    if (!element || element === document.activeElement) return;
    element.value = textOf(value);
  };
  const canBeBelow = (model.min ?? model.above ?? -1) < 0;
  return html`
    <input
      ...${common(props)}
      type="text"
      class="number"
      inputmode=${canBeBelow ? "text" : mode}
      spellcheck="false"
      ref=${kept}
      onInput=${change}
      onBlur=${(event) => (event.target.value = textOf(value))}
    />
    <${Limits} model=${model} />
  `;
};

const Limits = ({ model: { min, max, above, below, multipleOf, isWhole } }) => {
  const words = [
    isWhole ? "a whole number" : "",
    min === undefined ? "" : `${min} or more`,
    above === undefined ? "" : `more than ${above}`,
    max === undefined ? "" : `${max} or less`,
    below === undefined ? "" : `less than ${below}`,
    multipleOf === undefined ? "" : `a multiple of ${multipleOf}`,
  ].filter(Boolean);
  return words.length > (isWhole ? 1 : 0)
    ? html`<span class="hint">${words.join(", ")}</span>`
    : "";
};

const LEFT_OUT = "";
const ODD = "odd";

export const YesNoField = (props) => html`<${Select} ...${props} choices=${[true, false]} />`;

export const ChoiceField = (props) =>
  html`<${Select} ...${props} choices=${props.model.choices} />`;

const Select = (props) => {
  const { value, onChange, choices, isRequired } = props;
  const otherwise = defaultOf(props);
  const at = choices.findIndex((each) => isSame(each, value));
  const isOdd = at < 0 && value !== undefined && value !== null;
  const { placeholder, ...shared } = common(props);
  return html`
    <select
      ...${shared}
      value=${isOdd ? ODD : at < 0 ? LEFT_OUT : String(at)}
      onChange=${(event) => {
        const chosen = event.target.value;
        if (chosen !== ODD) onChange(chosen === LEFT_OUT ? undefined : choices[Number(chosen)]);
      }}
    >
      <option value=${LEFT_OUT}>
        ${otherwise ? upper(otherwise) : isRequired ? "Choose one" : "Not set"}
      </option>
      ${isOdd && html`<option value=${ODD}>${textOf(value)}</option>`}
      ${choices.map(
        (each, place) => html`<option value=${String(place)}>${textOf(each) || '""'}</option>`,
      )}
    </select>
  `;
};

const upper = (text) => text.charAt(0).toUpperCase() + text.slice(1);

// What may have one value alone: it is there, or left out.
export const FixedField = (props) => {
  const { id, model, value, onChange, describedBy, isInvalid } = props;
  const fixed = model.kind === "null" ? null : model.fixed;
  return html`
    <div class="check">
      <input
        type="checkbox"
        id=${id}
        aria-describedby=${describedBy || undefined}
        aria-invalid=${isInvalid ? "true" : undefined}
        checked=${value !== undefined && isSame(value, fixed)}
        onChange=${(event) => onChange(event.target.checked ? fixed : undefined)}
      />
      <code>${textOf(fixed) || "null"}</code>
    </div>
  `;
};
