// Sends a task a signal: what it waits for, with data.
import { html, useMemo, useState } from "../html.js";
import { JsonEditor } from "../forms/json_editor.js";
import { isObject } from "../forms/json_text.js";
import { Confirm, Subject } from "./confirm.js";

const NAME = /^[A-Za-z0-9_.-]{1,64}$/;

export const SignalDialog = ({ task, act, onClose }) => {
  const awaited = task.waitingFor?.signal ?? "";
  const [name, setName] = useState(awaited);
  const [data, setData] = useState(undefined);
  const [problem, setProblem] = useState(null);
  const [key, setKey] = useState("");
  const [isTried, setIsTried] = useState(false);
  // An answer that was lost makes no second signal: without a key of theirs, it has one of its own.
  const own = useMemo(() => crypto.randomUUID(), [name, data]);
  const whyName = NAME.test(name) ? "" : "It takes 1 to 64 letters, digits, _, - and .";
  const whyData =
    problem ??
    (data === undefined || isObject(data) ? "" : 'It takes an object, such as {"by": "Anne"}.');
  const send = () => {
    setIsTried(true);
    const wrong = whyName ? "signal-name" : whyData ? "signal-data" : null;
    if (wrong) return document.getElementById(wrong).focus();
    return act({ name, data: data ?? null, key: key.trim() || own });
  };
  return html`
    <${Confirm}
      title="Send a signal"
      label="Send the signal"
      busyLabel="Sending …"
      act=${send}
      onClose=${onClose}
    >
      <${Subject} task=${task} />
      <p class="quiet">
        ${
          awaited
            ? html`It waits for the signal <code>${awaited}</code>.`
            : "It waits for no signal now; it gets this one when it does."
        }
      </p>
      <div class=${isTried && whyName ? "field wrong" : "field"}>
        <label for="signal-name">Name</label>
        <input
          id="signal-name"
          value=${name}
          autocomplete="off"
          spellcheck="false"
          aria-required="true"
          aria-invalid=${isTried && whyName ? "true" : undefined}
          aria-describedby=${isTried && whyName ? "signal-name-why" : undefined}
          onInput=${(event) => setName(event.target.value)}
        />
        ${isTried && whyName && html`<p class="why" id="signal-name-why">${whyName}</p>`}
      </div>
      <div class="field">
        <label for="signal-data">Data</label>
        <p class="hint" id="signal-data-hint">An object in JSON; it may be empty.</p>
        <${JsonEditor}
          id="signal-data"
          describedBy="signal-data-hint"
          value=${data}
          onChange=${setData}
          onProblem=${setProblem}
          isInvalid=${isTried && Boolean(whyData)}
        />
        ${isTried && whyData && !problem && html`<p class="why">${whyData}</p>`}
      </div>
      <details class="more">
        <summary>Key</summary>
        <div class="field">
          <label for="signal-key">Key</label>
          <p class="hint" id="signal-key-hint">
            The same name and key is the same signal, however often it is sent.
          </p>
          <input
            id="signal-key"
            aria-describedby="signal-key-hint"
            value=${key}
            autocomplete="off"
            spellcheck="false"
            onInput=${(event) => setKey(event.target.value)}
          />
        </div>
      </details>
    <//>
  `;
};
