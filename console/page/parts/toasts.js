// Short words about what was done, in a corner of the page; screen readers hear them.
import { html, useEffect, useState } from "../html.js";

const SHOWN_MS = 6_000;
let tellThem = () => {};

// Says something: `link`, { href, label }, goes along. `isError` stays until it is closed.
export const say = (words, { link = null, isError = false } = {}) =>
  tellThem({ words, link, isError, id: crypto.randomUUID() });

export const Toasts = () => {
  const [toasts, setToasts] = useState([]);
  const close = (id) => setToasts((all) => all.filter((each) => each.id !== id));
  useEffect(() => {
    tellThem = (toast) => {
      setToasts((all) => [...all.slice(-3), toast]);
      if (!toast.isError) setTimeout(() => close(toast.id), SHOWN_MS);
    };
  }, []);
  return html`
    <div class="toasts" role="status" aria-live="polite">
      ${toasts.map(
        ({ id, words, link, isError }) => html`
          <div key=${id} class=${isError ? "toast toast-error" : "toast"}>
            <span>${words} ${link && html`<a href=${link.href}>${link.label}</a>`}</span>
            <button class="icon" type="button" onClick=${() => close(id)} aria-label="Close">✕</button>
          </div>
        `,
      )}
    </div>
  `;
};
