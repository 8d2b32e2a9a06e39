// Asks once, does it, and shows what has failed.
import { html, useEffect, useRef } from "../html.js";
import { Dialog } from "../parts/dialog.js";
import { useWork } from "../parts/work.js";

// Why something has not been done, in the API's own words.
export const Refused = ({ failure, isUnsure = false }) => {
  const element = useRef(null);
  useEffect(() => element.current?.focus(), [failure]);
  return html`
    <div class="notice notice-failed" role="alert" tabindex="-1" ref=${element}>
      <p><bdi>${failure.message}</bdi></p>
      ${failure.code && html`<p class="code">${failure.code}</p>`}
      ${
        failure.passes &&
        isUnsure &&
        html`<p>Whether it was done is not known: look at the task before you say it again.</p>`
      }
    </div>
  `;
};

// A window with a question.
//   label: of the button that does it; act: async () => does it; it closes the window itself
//   isUnsure: whether it may have been done where no answer came
export const Confirm = ({
  title,
  label,
  busyLabel = label,
  isDanger = false,
  isReady = true,
  isUnsure = false,
  isWide = false,
  act,
  onClose,
  children,
}) => {
  const { isBusy, failure, run } = useWork(act);
  const close = () => isBusy || onClose();
  return html`
    <${Dialog} title=${title} onClose=${close} isWide=${isWide}>
      <form
        novalidate
        aria-busy=${isBusy ? "true" : undefined}
        onSubmit=${(event) => {
          event.preventDefault();
          if (isReady) run();
        }}
      >
        ${children} ${failure && html`<${Refused} failure=${failure} isUnsure=${isUnsure} />`}
        <div class="row end">
          <button type="button" disabled=${isBusy} onClick=${close}>Cancel</button>
          <button
            type="submit"
            class=${isDanger ? "danger" : "main"}
            disabled=${isBusy || !isReady}
          >
            ${isBusy ? busyLabel : label}
          </button>
        </div>
      </form>
    <//>
  `;
};

// Which task a question is about.
export const Subject = ({ task }) => html`
  <div class="subject">
    ${
      task.name &&
      html`<p>
      <b><bdi>${task.name}</bdi></b>
    </p>`
    }
    <p class="id">${task.id}</p>
    ${task.definitionId && html`<p class="quiet">${task.definitionId}</p>`}
  </div>
`;
