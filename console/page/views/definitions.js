// What can be triggered: how it has done, what holds it up, and when the clock triggers it.
import { DefinitionCard } from "../definitions/card.js";
import { Counted, useCounts } from "../definitions/counting.js";
import { KINDS, matching } from "../definitions/filter.js";
import { useFlow } from "../definitions/flow.js";
import { loadDefinitions, loadSchedules } from "../definitions/loading.js";
import { PauseDialog, Pauses, ResumeDialog } from "../definitions/pausing.js";
import { pausedIds, pausesOf, pausesOfAll } from "../definitions/pauses.js";
import { Schedule } from "../definitions/schedules.js";
import { useSlow } from "../slow.js";
import { html, useEffect, useRef, useState } from "../html.js";
import { useNow } from "../live.js";
import { useKeys } from "../parts/keys.js";
import { Empty, Failed, Loading, Stale } from "../parts/notices.js";
import { goTo, hrefTo } from "../route.js";
import { may } from "../session.js";
import { number, plural } from "../words.js";

const PAGE = 24;
const MINUTE_MS = 60_000;
const DEFINITIONS_MS = 5 * MINUTE_MS;
const ROOT = "root"; // whose the tasks of the schedules are (docs/schedules.md)

export const DefinitionsView = ({ route, tenant, caller }) => {
  const now = useNow(10_000);
  const listed = useSlow((signal) => loadDefinitions({ tenant, signal }), tenant, DEFINITIONS_MS);
  const all = listed.data ?? [];
  const [size, setSize] = useState(PAGE);
  const counted = useCounts(all.length, tenant);
  const schedules = useSchedules(caller, tenant);
  const scheduled = schedules.data ?? [];
  const text = route.params.get("q") ?? "";
  const kind = route.params.get("kind") ?? "all";
  const countsOf = byId(counted.data ?? []);

  // What a filter by limits or pauses finds is known from what was asked for before.
  const [seen, setSeen] = useState([]);
  const flow = useFlow(kind === "limited" ? all.map(({ id }) => id) : seen, tenant);
  const { pauses, limits } = flow;
  const failing = (counted.data ?? []).filter((each) => each.counts.failed > 0);
  const fitting = matching(
    all,
    { text, kind },
    {
      scheduled: new Set(scheduled.map(({ definitionId }) => definitionId)),
      limited: new Set(Object.keys(limits)),
      paused: pausedIds(pauses),
      failing: new Set(failing.map(({ id }) => id)),
    },
  );
  const shown = fitting.slice(0, size);
  const ids = shown.map(({ id }) => id).join(" ");
  useEffect(() => setSeen(ids.split(" ").filter(Boolean)), [ids]);

  return html`
    <div class="row between view-head">
      <h1>Definitions</h1>
      <${AllActions} caller=${caller} tenant=${tenant} onDone=${flow.again} />
    </div>
    <${PausedAll}
      pauses=${pausesOfAll(pauses)}
      caller=${caller}
      tenant=${tenant}
      onDone=${flow.again}
    />
    ${
      pauses.length > 0 &&
      kind !== "paused" &&
      html`<${PausedSome} pauses=${pauses} definitions=${all} params=${{ tenant }} />`
    }
    <${Filter} route=${route} text=${text} kind=${kind} />
    <p class="row quiet">
      <span role="status">${listed.data ? found(fitting.length, all.length) : ""}</span>
      <${Counted} counted=${counted} now=${now} />
    </p>
    <${Failures} lives=${[listed, counted, flow]} />
    <${NoSchedules} schedules=${schedules} />
    ${!listed.data && !listed.failure && html`<${Loading} what="the definitions" />`}
    ${listed.data && fitting.length === 0 && html`<${Empty}>${emptyWords(all, kind)}<//>`}
    <div class="definitions">
      ${shown.map(
        (definition) => html`
          <${DefinitionCard}
            key=${definition.id}
            definition=${definition}
            counts=${countsOf.get(definition.id)?.counts}
            limits=${Object.hasOwn(limits, definition.id) ? limits[definition.id] : undefined}
            pauses=${pausesOf(pauses, definition.id)}
            schedules=${scheduled.filter((each) => each.definitionId === definition.id)}
            caller=${caller}
            tenant=${tenant}
            now=${now}
            onFlow=${flow.again}
            onSchedules=${schedules.again}
          />
        `,
      )}
    </div>
    ${
      fitting.length > size &&
      html`<button type="button" onClick=${() => setSize(size + PAGE)}>
      Show ${number(Math.min(PAGE, fitting.length - size))} more
    </button>`
    }
    ${
      listed.data &&
      kind !== "paused" &&
      html`<${OtherSchedules}
      schedules=${scheduled.filter(({ definitionId }) => !byId(all).has(definitionId))}
      caller=${caller}
      tenant=${tenant}
      now=${now}
      onChanged=${schedules.again}
    />`
    }
  `;
};

// A definition may be called as what every object has: constructor.
const byId = (items) => new Map(items.map((each) => [each.id, each]));

const found = (fitting, all) => {
  const words = plural(all, "definition");
  return fitting === all ? words : `${number(fitting)} of ${words}`;
};

const emptyWords = (all, kind) => {
  if (all.length === 0) return "Nothing can be triggered: definitions/ has no public task.";
  return kind === "all" ? "No definition has these words." : "No definition is of this kind.";
};

const useSchedules = (caller, tenant) =>
  useSlow(
    (signal) => loadSchedules(caller?.tenant === ROOT, { tenant, signal }),
    `schedules of ${caller?.tenant}`,
    MINUTE_MS,
  );

const Filter = ({ route, text, kind }) => {
  const input = useRef(null);
  useKeys({ "/": () => input.current.focus() });
  const said = { q: text, kind: kind === "all" ? "" : kind, tenant: route.params.get("tenant") };
  const change = (params) =>
    goTo(hrefTo("definitions", "", { ...said, ...params }), { replace: true });
  return html`
    <form
      class="row definitions-filter"
      role="search"
      onSubmit=${(event) => event.preventDefault()}
    >
      <label>
        <span>Find</span>
        <input
          ref=${input}
          type="search"
          value=${text}
          placeholder="id or title"
          onInput=${(event) => change({ q: event.target.value })}
          spellcheck="false"
          autocomplete="off"
        />
      </label>
      <label>
        <span>Which</span>
        <select
          value=${kind}
          onChange=${({ target }) => change({ kind: target.value === "all" ? "" : target.value })}
        >
          ${Object.entries(KINDS).map(
            ([value, label]) => html`<option key=${value} value=${value}>${label}</option>`,
          )}
        </select>
      </label>
    </form>
  `;
};

// Each failure once: what has no answer has none for the same reason.
const Failures = ({ lives }) => {
  const seen = new Set();
  return lives
    .filter(({ failure }) => failure && !seen.has(failure.message) && seen.add(failure.message))
    .map(({ failure, isStale }) =>
      isStale ? html`<${Stale} failure=${failure} />` : html`<${Failed} failure=${failure} />`,
    );
};

const NoSchedules = ({ schedules }) => {
  if (!schedules.failure) return "";
  return html`
    <div class="notice" role="status">
      <p>
        The schedules can't be ${schedules.isStale ? "read anew" : "shown"}:${" "}
        ${schedules.failure.message}
      </p>
      <p class="quiet">
        They are read from EventBridge Scheduler, with your own AWS credentials: these need
        scheduler:ListSchedules and scheduler:GetSchedule.
      </p>
    </div>
  `;
};

const AllActions = ({ caller, tenant, onDone }) => {
  const [isAsked, setIsAsked] = useState(false);
  if (!may(caller, "w")) return "";
  return html`
    <div class="row">
      <button type="button" onClick=${() => setIsAsked(true)}>Pause all …</button>
      ${
        isAsked &&
        html`<${PauseDialog}
        id=${null}
        name="all definitions"
        caller=${caller}
        tenant=${tenant}
        onClose=${() => setIsAsked(false)}
        onDone=${() => {
          setIsAsked(false);
          onDone();
        }}
      />`
      }
    </div>
  `;
};

const PausedAll = ({ pauses, caller, tenant, onDone }) => {
  const [ended, setEnded] = useState(null);
  useEffect(() => setEnded(null), [pauses.length]);
  if (pauses.length === 0) return "";
  return html`
    <section class="notice" aria-labelledby="paused-all">
      <h2 id="paused-all">All definitions are paused</h2>
      <${Pauses} pauses=${pauses} caller=${caller} onResume=${may(caller, "w") && setEnded} />
      ${
        ended &&
        html`<${ResumeDialog}
        ended=${ended}
        name="all definitions"
        caller=${caller}
        tenant=${tenant}
        onClose=${() => setEnded(null)}
        onDone=${() => {
          setEnded(null);
          onDone();
        }}
      />`
      }
    </section>
  `;
};

const PausedSome = ({ pauses, definitions, params }) => {
  const titles = byId(definitions);
  const ids = [...pausedIds(pauses)].filter(Boolean).sort();
  if (ids.length === 0) return "";
  return html`
    <p class="notice">
      <b>${plural(ids.length, "definition is", "definitions are")} paused:</b>${" "}
      ${ids.map(
        (id, index) => html`${index > 0 ? ", " : ""}<a
            href=${hrefTo("definitions", "", { q: id, ...params })}
            ><bdi>${titles.get(id)?.title || id}</bdi></a
          >`,
      )}
    </p>
  `;
};

const OtherSchedules = ({ schedules, caller, tenant, now, onChanged }) => {
  if (schedules.length === 0) return "";
  return html`
    <section class="other-schedules" aria-labelledby="other-schedules">
      <h2 id="other-schedules">Schedules of other definitions</h2>
      <p class="quiet">Their definitions are private, or there are none of that name any more.</p>
      <div class="definitions">
        ${schedules.map(
          (schedule) => html`
            <div class="panel definition" key=${schedule.name}>
              <h3><code>${schedule.definitionId ?? schedule.name}</code></h3>
              <${Schedule}
                schedule=${schedule}
                tenant=${tenant}
                mayChange=${may(caller, "w")}
                now=${now}
                onChanged=${onChanged}
              />
            </div>
          `,
        )}
      </div>
    </section>
  `;
};
