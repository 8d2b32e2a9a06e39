// Asks before a task is ended for good.
import { html, useState } from "../html.js";
import { Confirm, Subject } from "./confirm.js";

export const AbortDialog = ({ task, act, onClose }) => {
  const [message, setMessage] = useState("");
  return html`
    <${Confirm}
      title="Abort this task?"
      label="Abort the task"
      busyLabel="Aborting …"
      isDanger
      isUnsure
      act=${() => act(message.trim() ? { message: message.trim() } : {})}
      onClose=${onClose}
    >
      <${Subject} task=${task} />
      <p>
        It ends for good, and its open children with it. This can't be undone; an aborted task can
        be retried as a new one.
      </p>
      <div class="field">
        <label for="abort-message">Message</label>
        <p class="hint" id="abort-message-hint">For its log; it may be empty.</p>
        <input
          id="abort-message"
          dir="auto"
          aria-describedby="abort-message-hint"
          autocomplete="off"
          value=${message}
          onInput=${(event) => setMessage(event.target.value)}
        />
      </div>
    <//>
  `;
};

// Asks before a task that is over is deleted.
export const DeleteDialog = ({ task, act, onClose }) => html`
  <${Confirm}
    title="Delete this task?"
    label="Delete the task"
    busyLabel="Deleting …"
    isDanger
    isUnsure
    act=${() => act({})}
    onClose=${onClose}
  >
    <${Subject} task=${task} />
    <p>
      It is deleted with its logs, its input and its output; its children stay. This can't be
      undone.
    </p>
  <//>
`;
