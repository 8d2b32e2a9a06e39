// What keeps a form from being sent: it takes the focus, and leads to each field.
import { html, useEffect, useRef } from "../html.js";
import { idOf, JSON_PATH, keyOf, nameOfPath } from "./places.js";

// The problems, once there are some.
//   problems: [{ path, message, prefix }], as of `idOf`
//   attempt: a number that changes with each try, to take the focus
//   children: what else is said, or done about it
export const ErrorSummary = ({ problems, title, attempt, children }) => {
  const element = useRef(null);
  useEffect(() => element.current?.focus(), [attempt]);
  return html`
    <div class="notice notice-failed summary" role="alert" tabindex="-1" ref=${element}>
      <p><b>${title}</b></p>
      <ul>
        ${problems.map(
          ({ path, message, prefix }) => html`
            <li key=${prefix + keyOf(path) + message}>
              ${
                path.length > 0
                  ? html`<button type="button" class="link" onClick=${() => goTo(prefix, path)}>
                    <bdi>${nameOfPath(path) || "JSON"}</bdi>
                  </button>`
                  : ""
              }
              ${path.length > 0 ? ": " : ""}<bdi>${message}</bdi>
            </li>
          `,
        )}
      </ul>
      ${children}
    </div>
  `;
};

// Shows a field, in its tab and unfolded, and puts the focus into it; or into what it is a part of.
const goTo = (prefix, path) => {
  let found = null;
  for (let end = path.length; end > 0 && !found; end -= 1) {
    found = document.getElementById(idOf(prefix, path.slice(0, end)));
  }
  found ??= document.getElementById(idOf(prefix, JSON_PATH));
  if (!found) return;
  const panel = found.closest("[role=tabpanel][hidden]");
  if (panel) document.getElementById(panel.getAttribute("aria-labelledby"))?.click();
  for (let fold = found.closest("details"); fold; fold = fold.parentElement.closest("details"))
    fold.open = true;
  requestAnimationFrame(() => {
    found.focus();
    found.scrollIntoView({ block: "center" });
  });
};
