// A window over the page: the browser's own, so that Escape, the focus and screen readers work.
import { html, useEffect, useId, useRef } from "../html.js";

// Who holds the key that has opened it has not read it yet. A text gets its lines.
const refuseHeld = (event) => {
  if (event.repeat && event.key === "Enter" && event.target.type !== "textarea")
    event.preventDefault();
};

// Shown as long as it is in the page. `onClose` runs when somebody closes it.
export const Dialog = ({ title, onClose, children, isWide = false }) => {
  const element = useRef(null);
  const id = useId();
  useEffect(() => {
    const dialog = element.current;
    dialog.showModal();
    return () => dialog.close(); // which gives the focus back
  }, []);
  return html`
    <dialog
      ref=${element}
      class=${isWide ? "dialog dialog-wide" : "dialog"}
      aria-labelledby=${id}
      onCancel=${(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick=${(event) => event.target === element.current && onClose()}
      onKeyDown=${refuseHeld}
    >
      <div class="dialog-inside">
        <header>
          <h2 id=${id}>${title}</h2>
          <button class="icon" type="button" onClick=${onClose} aria-label="Close">✕</button>
        </header>
        ${children}
      </div>
    </dialog>
  `;
};
