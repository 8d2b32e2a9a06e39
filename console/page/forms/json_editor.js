// JSON to edit as text: what is wrong with it is told with its place, and stays as it was typed.
import { html, useEffect, useRef, useState } from "../html.js";
import { inWords, isSame, parsed, written } from "./json_text.js";

const FEWEST_ROWS = 3;
const MOST_ROWS = 24;

// A text area for a value.
//   id: of the text area; label: its name, where no <label> has it; describedBy: ids of elements
//   value: undefined: nothing is typed
//   onChange: (value) => is called for what is valid alone
//   onProblem: (words or null) => what is wrong, as it changes
//   text: to begin with, if it may be no JSON
export const JsonEditor = ({
  id,
  label,
  describedBy = "",
  value,
  onChange,
  onProblem = () => {},
  rows = FEWEST_ROWS,
  isInvalid = false,
  text: first,
}) => {
  const [text, setText] = useState(() => first ?? written(value));
  const [problem, setProblem] = useState(() => parsed(text).problem ?? null);
  const own = useRef(value);
  const area = useRef(null);
  // What was changed elsewhere takes the place of the text; what was typed here stays as it is.
  useEffect(() => {
    if (isSame(own.current, value) || (own.current === undefined && value === undefined)) return;
    own.current = value;
    setText(written(value));
    setProblem(null);
  }, [value]);
  useEffect(() => {
    if (!problem) return undefined;
    onProblem(inWords(problem));
    return () => onProblem(null);
  }, [problem, id]);

  const type = (now) => {
    setText(now);
    const read = parsed(now);
    setProblem(read.problem ?? null);
    if (read.problem || isSame(own.current, read.value)) return;
    own.current = read.value;
    onChange(read.value);
  };
  const goThere = () => {
    area.current.focus();
    area.current.setSelectionRange(problem.at, problem.at + 1);
  };
  const why = `${id}-json`;
  const lines = text.split("\n", MOST_ROWS).length;
  return html`
    <div class=${problem ? "json-editor wrong" : "json-editor"}>
      <textarea
        id=${id}
        ref=${area}
        aria-label=${label}
        aria-describedby=${`${describedBy} ${problem ? why : ""}`.trim() || undefined}
        aria-invalid=${problem || isInvalid ? "true" : undefined}
        rows=${Math.min(MOST_ROWS, Math.max(rows, lines))}
        spellcheck="false"
        autocomplete="off"
        autocapitalize="off"
        value=${text}
        onInput=${(event) => type(event.target.value)}
      ></textarea>
      <div class="row between">
        <p class="why" id=${why} aria-live="polite">
          ${problem && `${inWords(problem)}. `}
          ${
            problem && html`<button type="button" class="link" onClick=${goThere}>Go there</button>`
          }
        </p>
        ${
          !problem &&
          text.trim() !== "" &&
          html`<button type="button" class="small" onClick=${() => setText(written(own.current))}>
          Tidy
        </button>`
        }
      </div>
    </div>
  `;
};
