// A part of the view of a task that folds. What is folded asks for nothing.
import { html, useId, useState } from "../html.js";
import { keep, kept } from "../session.js";

// `name`: by which this browser remembers whether it is open. `children`: a function, so that
// nothing of it is made while it is folded.
export const Panel = ({ name, title, note = "", isOpenFirst = true, children }) => {
  const key = `panel-${name}`;
  const [isOpen, setIsOpen] = useState(kept(key, isOpenFirst));
  const id = useId();
  const toggle = () => {
    keep(key, !isOpen);
    setIsOpen(!isOpen);
  };
  return html`
    <section class="panel task-panel" aria-labelledby=${`${id}-title`}>
      <h2 class="panel-head" id=${`${id}-title`}>
        <button
          type="button"
          aria-expanded=${isOpen}
          aria-controls=${isOpen ? id : undefined}
          onClick=${toggle}
        >
          <span class="sign" aria-hidden="true">${isOpen ? "▾" : "▸"}</span>${title}
          ${note && html`<span class="panel-note quiet">${note}</span>`}
        </button>
      </h2>
      ${isOpen && html`<div id=${id} class="panel-body">${children()}</div>`}
    </section>
  `;
};
