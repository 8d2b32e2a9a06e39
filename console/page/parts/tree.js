// A value of JSON as a tree that folds. What is folded is not in the page, and of a long list or a
// long text a part alone is: nine megabytes are no more to a browser than what is looked at.
import { html, useId, useRef, useState } from "../html.js";
import { number, plural } from "../words.js";
import { Copy } from "./copy.js";
import {
  PORTION,
  asText,
  childrenOf,
  isBranch,
  isRounded,
  kindOf,
  portionsOf,
  sizeOf,
} from "./values.js";

const TEXT_PORTION = 400;
const TEXT_MORE = 20_000;

// `label`: what it is, for screen readers. `openTo`: so many levels are unfolded at first.
export const Tree = ({ value, label, openTo = 1 }) => {
  const root = useRef(null);
  return html`
    <div class="tree" ref=${root} role="group" aria-label=${label} onKeyDown=${walk(root)}>
      ${
        isBranch(value) && sizeOf(value)
          ? html`<${Children} value=${value} level=${1} openTo=${openTo} />`
          : html`<${Leaf} value=${value} />`
      }
    </div>
  `;
};

// Those from one place up to another. Of a long branch the first ones are there, and the others in
// portions that fold.
const Children = ({ value, from = 0, to = sizeOf(value), level, openTo }) => {
  const isShort = to - from <= PORTION;
  const end = isShort ? to : from || PORTION;
  return html`
    <ul>
      ${childrenOf(value, from, end).map(
        ([name, each]) => html`<${Node} key=${name} ...${{ name, value: each, level, openTo }} />`,
      )}
      ${portionsOf(end, to).map(
        ([first, last]) => html`
          <${Fold}
            key=${`portion ${first}`}
            label=${html`<span class="quiet">${portionWords(value, first, last)}</span>`}
          >
            ${() => html`<${Children} value=${value} from=${first} to=${last} level=${level} openTo=${0} />`}
          <//>
        `,
      )}
    </ul>
  `;
};

const portionWords = (value, from, to) =>
  Array.isArray(value)
    ? `${number(from)} to ${number(to - 1)}`
    : `fields ${number(from + 1)} to ${number(to)}`;

// A row that folds what is under it. `children`: a function, so that nothing of it is made while it
// is folded.
const Fold = ({ label, more = "", isOpenFirst = false, children }) => {
  const [isOpen, setIsOpen] = useState(isOpenFirst);
  const id = useId();
  return html`
    <li>
      <div class="tree-row">
        <button
          type="button"
          class="tree-fold"
          aria-expanded=${isOpen}
          aria-controls=${isOpen ? id : undefined}
          onClick=${() => setIsOpen(!isOpen)}
        >
          <span class="sign" aria-hidden="true">${isOpen ? "▾" : "▸"}</span>${label}
        </button>
        ${more}
      </div>
      ${isOpen && html`<div id=${id}>${children()}</div>`}
    </li>
  `;
};

const Node = ({ name, value, level, openTo }) => {
  if (!isBranch(value) || !sizeOf(value)) {
    return html`<li class="tree-leaf"><${Name} name=${name} /><${Leaf} value=${value} /></li>`;
  }
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  const label = html`
      <${Name} name=${name} />
      <span class="quiet">
        <span aria-hidden="true">${open}</span>${" "}${plural(
          sizeOf(value),
          Array.isArray(value) ? "entry" : "field",
          Array.isArray(value) ? "entries" : "fields",
        )}${" "}<span aria-hidden="true">${close}</span>
      </span>
    `;
  return html`
    <${Fold}
      label=${label}
      more=${html`<${Copy} text=${() => asText(value)} />`}
      isOpenFirst=${level < openTo}
    >
      ${() => html`<${Children} value=${value} level=${level + 1} openTo=${openTo} />`}
    <//>
  `;
};

const Name = ({ name }) =>
  typeof name === "number"
    ? html`<span class="tree-name quiet">${name}</span>`
    : html`<bdi class="tree-name">${name === "" ? "(no name)" : cut(name)}</bdi>`;

const cut = (text) => (text.length > TEXT_PORTION ? `${text.slice(0, TEXT_PORTION)}…` : text);

const Leaf = ({ value }) => {
  const kind = kindOf(value);
  if (kind === "text") return html`<${Text} value=${value} />`;
  if (isBranch(value)) {
    const words = Array.isArray(value) ? "[ ] empty list" : "{ } empty object";
    return html`<span class="quiet">${words}</span>`;
  }
  return html`
    <span class=${`tree-value tree-${kind.split(" ")[0]}`}>
      ${isRounded(value) ? "≈ " : ""}${String(value)}
    </span>
    <span class="tree-kind">
      ${kind}${isRounded(value) ? ", rounded: a browser's numbers have 15 digits" : ""}
    </span>
  `;
};

const Text = ({ value }) => {
  const [shown, setShown] = useState(TEXT_PORTION);
  const left = value.length - shown;
  return html`
    <bdi class="tree-value tree-text">${left > 0 ? `${value.slice(0, shown)}…` : value}</bdi>
    <span class="tree-kind">text${value ? "" : ", empty"}</span>
    ${
      left > 0 &&
      html`
      <button type="button" class="small" onClick=${() => setShown(shown + TEXT_MORE)}>
        ${
          left <= TEXT_MORE
            ? `Show all ${number(value.length)} characters`
            : `Show ${number(TEXT_MORE)} more of ${number(value.length)} characters`
        }
      </button>
      <${Copy} text=${value} />
    `
    }
  `;
};

// Arrows walk from branch to branch, and fold them.
const walk = (root) => (event) => {
  const at = event.target.closest(".tree-fold");
  if (!at || event.ctrlKey || event.metaKey || event.altKey) return;
  const branches = [...root.current.querySelectorAll(".tree-fold")];
  const place = branches.indexOf(at);
  const isOpen = at.getAttribute("aria-expanded") === "true";
  const around = at.closest("li").parentElement.closest("li")?.querySelector(".tree-fold");
  const does = {
    ArrowDown: () => branches[place + 1]?.focus(),
    ArrowUp: () => branches[place - 1]?.focus(),
    ArrowRight: () => (isOpen ? branches[place + 1]?.focus() : at.click()),
    ArrowLeft: () => (isOpen ? at.click() : around?.focus()),
  }[event.key];
  if (!does) return;
  event.preventDefault();
  does();
};
