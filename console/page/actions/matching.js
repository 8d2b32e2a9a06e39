// Says a verb of all tasks of a filter: counts them, asks, and begins the task that does it.
import { html, useEffect, useMemo, useState } from "../html.js";
import { about, askOne } from "../api.js";
import { Dialog } from "../parts/dialog.js";
import { Loading } from "../parts/notices.js";
import { say } from "../parts/toasts.js";
import { useWork } from "../parts/work.js";
import { hrefTo } from "../route.js";
import { number } from "../words.js";
import { BulkProgress } from "./bulk_progress.js";
import { Refused } from "./confirm.js";
import { saidOf, VERBS } from "./verbs.js";

const SLOWEST = 0.001;
const FASTEST = 1_000;
const USUAL = 25;

const documentOf = (operation) => `mutation(
  $where: WebinyBackgroundTaskListWhereInput!
  $dryRun: Boolean
  $rate: Number
  $idempotencyKey: String
) {
  backgroundTasks {
    ${operation}(where: $where, dryRun: $dryRun, rate: $rate, idempotencyKey: $idempotencyKey) {
      data { count isCountCapped task { id } }
      error { message code data }
    }
  }
}`;

export const MatchingDialog = ({ verb, where, words, caller, tenant, onDone, onClose }) => {
  const { button, many, of, asks } = VERBS[verb];
  const said = useMemo(() => saidOf(where), []);
  const isEveryTask = Object.keys(said).length === 0;
  const [counted, setCounted] = useState(null);
  const [isSure, setIsSure] = useState(false);
  const [rate, setRate] = useState("");
  const [begun, setBegun] = useState(null);
  // Kept while this is open: an answer that was lost begins no second one.
  const key = useMemo(() => crypto.randomUUID(), [rate]);

  const send = (variables, options) =>
    askOne(many, documentOf(many), { where: said, ...variables }, { tenant, ...options });
  const counting = useWork(async () => {
    setCounted(null);
    // A dry run changes nothing.
    setCounted((await send({ dryRun: true }, { repeats: true })).data);
  });
  useEffect(() => {
    counting.run();
  }, []);
  const whyRate = whyNotRate(rate);
  const beginning = useWork(async () => {
    const given = { idempotencyKey: key, rate: rate.trim() ? Number(rate) : null };
    const { data } = await send(given, { repeats: true });
    setBegun(data.task);
    onDone?.();
  });

  const whose = tenant || caller?.tenant || "root";
  const count = counted && `${counted.isCountCapped ? "at least " : ""}${number(counted.count)}`;
  const which = counted && of[counted.count === 1 && !counted.isCountCapped ? 0 : 1];
  const place = about.name ? ` on ${about.name}` : "";
  if (begun) {
    const close = () => {
      say("It goes on.", {
        link: { href: hrefTo("tasks", begun.id, { tenant }), label: "See the task that does it" },
      });
      onClose();
    };
    return html`<${BulkProgress}
      verb=${verb}
      id=${begun.id}
      tenant=${tenant}
      onDone=${onDone}
      onClose=${onClose}
      onLeave=${close}
    />`;
  }
  const close = () => beginning.isBusy || onClose();
  const isReady = counted?.count > 0 && !whyRate && (!isEveryTask || isSure);
  return html`
    <${Dialog} title=${`${button} all that match`} onClose=${close}>
      ${counting.isBusy && html`<${Loading} what="their count" />`}
      ${
        counting.failure &&
        html`<${Refused} failure=${counting.failure} />
        <div class="row end">
          <button type="button" onClick=${close}>Cancel</button>
          <button type="button" onClick=${() => counting.run()}>Count again</button>
        </div>`
      }
      ${
        counted?.count === 0 &&
        html`<p role="status">
          There is no ${of[0]} among${" "}
          ${
            isEveryTask
              ? html`every task of the tenant <bdi>${whose}</bdi>`
              : html`the <bdi>${words}</bdi>`
          }.
          Nothing would be done.
        </p>
        <div class="row end"><button type="button" onClick=${close}>Close</button></div>`
      }
      ${
        counted?.count > 0 &&
        html`<form
        novalidate
        aria-busy=${beginning.isBusy ? "true" : undefined}
        onSubmit=${(event) => {
          event.preventDefault();
          if (isReady) beginning.run();
        }}
      >
        <p role="status">
          <b>${upper(count)} ${which}</b> would be ${VERBS[verb].done}${place}, of the tenant${" "}
          <bdi>${whose}</bdi>. Go on?
        </p>
        <p>
          ${
            isEveryTask
              ? html`There is no filter: this is${" "}
                <b>every task of the tenant <bdi>${whose}</bdi></b> that it can be said of.`
              : html`The filter: <bdi>${words}</bdi>`
          }
        </p>
        <p>${EFFECTS[verb]} ${asks && "This can't be undone."}</p>
        <div class=${whyRate ? "field wrong" : "field"}>
          <label for="bulk-rate">Tasks a second, at most</label>
          <input
            id="bulk-rate"
            inputmode="decimal"
            autocomplete="off"
            placeholder=${USUAL}
            value=${rate}
            aria-invalid=${whyRate ? "true" : undefined}
            aria-describedby=${whyRate ? "bulk-rate-why" : undefined}
            onInput=${(event) => setRate(event.target.value)}
          />
          ${whyRate && html`<p class="why" id="bulk-rate-why">${whyRate}</p>`}
        </div>
        ${
          isEveryTask &&
          html`<label class="check">
          <input
            type="checkbox"
            checked=${isSure}
            onChange=${(event) => setIsSure(event.target.checked)}
          />
          <span>Yes, every task of the tenant <bdi>${whose}</bdi></span>
        </label>`
        }
        ${beginning.failure && html`<${Refused} failure=${beginning.failure} />`}
        ${
          beginning.failure?.passes &&
          html`<p>
          Whether it has begun is not known. Say it again: from this window, it begins once.
        </p>`
        }
        <div class="row end">
          <button type="button" disabled=${beginning.isBusy} onClick=${close}>Cancel</button>
          <button
            type="submit"
            class=${asks ? "danger" : "main"}
            disabled=${beginning.isBusy || !isReady}
          >
            ${beginning.isBusy ? `${VERBS[verb].doing} …` : `${button} ${count} ${which}`}
          </button>
        </div>
      </form>`
      }
    <//>
  `;
};

const EFFECTS = {
  abort: "They end for good, and their open children with them.",
  retry:
    "Each is retried as a new task, from its last checkpoint, with the input that it has." +
    " Those that were retried before are counted, and skipped.",
  delete:
    "They are deleted with their logs, inputs and outputs; their children stay, unless they match.",
};

const whyNotRate = (text) => {
  if (text.trim() === "") return "";
  const rate = Number(text);
  return rate >= SLOWEST && rate <= FASTEST
    ? ""
    : `It takes ${SLOWEST} to ${number(FASTEST)}; empty, it is ${USUAL}.`;
};

const upper = (text) => text.charAt(0).toUpperCase() + text.slice(1);
