// An input or an output, as a tree.
import { html, useEffect, useMemo } from "../html.js";
import { Copy } from "../parts/copy.js";
import { Failed, Loading } from "../parts/notices.js";
import { Tree } from "../parts/tree.js";
import { asText, hasRounded, isBranch, sizeOf } from "../parts/values.js";
import { say } from "../parts/toasts.js";
import { bytes } from "../words.js";

// `which`: "input" or "output"; `payload`: of usePayloads; `load(which)` asks for it.
export const PayloadPanel = ({ which, payload, load, task }) => {
  useEffect(() => {
    load(which);
  }, [which, task.taskStatus]);
  if (payload?.failure) {
    return html`
      <${Failed} failure=${payload.failure} isTrying=${false} />
      <button type="button" onClick=${() => load(which)}>Try again</button>
    `;
  }
  if (payload?.value === undefined) return html`<${Loading} what=${`the ${which}`} />`;
  const { value } = payload;
  if (isBranch(value) && !sizeOf(value))
    return html`<p class="quiet">Its ${which} is empty: <code>${JSON.stringify(value)}</code></p>`;
  if (value === null) {
    const yet = which === "output" && !task.finishedOn ? " yet" : "";
    return html`<p class="quiet">It has no ${which}${yet}.</p>`;
  }
  return html`
    <${Tools} ...${{ which, payload, load, task }} />
    <${Tree} value=${value} label=${`The ${which}`} openTo=${2} />
  `;
};

const Tools = ({ which, payload, load, task }) => {
  const size = useMemo(() => new Blob([JSON.stringify(payload.value)]).size, [payload.value]);
  const isRounded = useMemo(() => hasRounded(payload.value), [payload.value]);
  const isOld = payload.of !== `${task.id} ${task.savedOn} ${task.taskStatus}`;
  return html`
    <div class="row payload-tools">
      <${Copy} text=${() => asText(payload.value)} label="Copy all" />
      <button
        type="button"
        class="small"
        onClick=${() => download(`${task.id}-${which}.json`, payload.value)}
      >
        Download
      </button>
      <span class="quiet">${bytes(size)}</span>
      ${
        isOld &&
        html`
        <button type="button" class="small" disabled=${payload.isLoading} onClick=${() => load(which)}>
          ${payload.isLoading ? "Reading …" : "The task has moved on: read it again"}
        </button>
      `
      }
    </div>
    ${
      isRounded &&
      html`
      <p class="notice">
        It has numbers beyond 2<sup>53</sup>, which a browser rounds: here, in a copy and in a
        download. <code>background-tasks show ${task.id}</code> has them as they are.
      </p>
    `
    }
  `;
};

const download = (name, value) => {
  const url = URL.createObjectURL(new Blob([asText(value)], { type: "application/json" }));
  const link = document.createElement("a");
  Object.assign(link, { href: url, download: name });
  link.click();
  URL.revokeObjectURL(url);
  say(`${name} is in your downloads.`);
};
