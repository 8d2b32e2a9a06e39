// The controls of the filter, and its parts, each of which can be taken out.
import { html, useId, useState } from "../html.js";
import { State } from "../parts/status.js";
import { OPEN, STATUSES } from "../words.js";
import { OVER, SORTERS, changed, isEverything, ownSorter, sortersFor, tagOf } from "./filter.js";
import { fromLocal, momentOf, secondsAgo, spelled, toLocal } from "./moments.js";
import { partsOf } from "./said.js";
import { useTyped } from "./typed.js";

const TIMES = ["15m", "1h", "24h", "7d"];

// change: (filter, { isTyped }) is called with another filter
//   definitions: those there are, or undefined; codes: of errors that may be meant
//   search: a ref of the box for names; clearHref: a link to all tasks
export const Filters = ({ filter, change, definitions, codes, search, href, isByError }) => {
  const [isOpen, setIsOpen] = useState(false);
  const id = useId();
  const set = (part, options) => change(changed(filter, part), options);
  const parts = partsOf(filter);
  return html`
    <form class="panel filters" role="search" aria-label="Filter" onSubmit=${(e) => e.preventDefault()}>
      <div class="filter-first">
        <${Search} ...${{ filter, set, search }} />
        <button
          type="button"
          class="more-filters"
          aria-expanded=${isOpen}
          aria-controls=${id}
          onClick=${() => setIsOpen(!isOpen)}
        >
          Filter${parts.length > 0 ? ` (${parts.length})` : ""}
        </button>
      </div>
      <div id=${id} class=${isOpen ? "filter-rest" : "filter-rest closed"}>
        <${Definition} ...${{ filter, set, definitions }} />
        <${Created} ...${{ filter, set }} />
        <${Tag} ...${{ filter, set }} />
        <${ErrorCode} ...${{ filter, set, codes }} />
        ${!isByError && html`<${Sorter} ...${{ filter, set }} />`}
        ${!isByError && html`<${Statuses} ...${{ filter, set }} />`}
      </div>
      ${
        parts.length > 0 &&
        html`
        <ul class="plain row parts" aria-label="What the tasks are filtered by">
          ${parts.map(
            ({ label, value, rest }) => html`
              <li key=${`${label} ${value}`}>
                <button type="button" class="part" onClick=${() => change(rest)} title=${`${label}: ${value}`}>
                  <span class="unseen">Remove </span><span class="quiet">${label}</span>
                  <bdi>${value}</bdi> <span aria-hidden="true">✕</span>
                </button>
              </li>
            `,
          )}
          <li><${Clear} ...${{ filter, href }} /></li>
        </ul>
      `
      }
      ${
        filter.problems.length > 0 &&
        html`<div class="notice" role="alert">${filter.problems.map((words) => html`<p>${words}</p>`)}</div>`
      }
    </form>
  `;
};

const Clear = ({ filter, href }) =>
  !isEverything(filter) && html`<a class="button small" href=${href}>Clear the filter</a>`;

const Search = ({ filter, set, search }) => {
  const [text, type, done] = useTyped(filter.name, (name) =>
    name === filter.name ? null : set({ name }, { isTyped: true }),
  );
  return html`
    <label class="filter-name">
      <span class="filter-label">Name begins with</span>
      <input
        ref=${search}
        type="search"
        dir="auto"
        value=${text}
        onInput=${(event) => type(event.target.value)}
        onChange=${done}
        aria-keyshortcuts="/"
        placeholder="Press / to search"
        spellcheck="false"
        autocomplete="off"
      />
    </label>
  `;
};

const Definition = ({ filter, set, definitions = [] }) => {
  const { definitions: chosen } = filter;
  const ids = definitions.map((definition) => definition.id);
  const other = chosen.filter((id) => !ids.includes(id));
  return html`
    <label>
      <span class="filter-label">Definition</span>
      <select
        value=${chosen.length > 1 ? "" : chosen[0] ?? ""}
        onChange=${({ target }) => set({ definitions: target.value ? [target.value] : [] })}
      >
        <option value="">${chosen.length > 1 ? `${chosen.length} of them` : "All"}</option>
        ${[...other, ...ids].map((id) => html`<option key=${id} value=${id}>${id}</option>`)}
      </select>
    </label>
  `;
};

const OWN = "own";

const Created = ({ filter, set }) => {
  const { since, until } = filter;
  const isRelative = !until && (!since || secondsAgo(since) != null);
  const [isOwn, setIsOwn] = useState(false);
  const shown = isOwn || !isRelative ? OWN : since;
  const choose = ({ target }) => {
    setIsOwn(target.value === OWN);
    if (target.value !== OWN) set({ since: target.value, until: "" });
  };
  return html`
    <label>
      <span class="filter-label">Created</span>
      <select value=${shown} onChange=${choose}>
        <option value="">At any time</option>
        ${[...new Set([...TIMES, ...(isRelative && since ? [since] : [])])].map(
          (time) => html`<option key=${time} value=${time}>In the last ${spelled(time)}</option>`,
        )}
        <option value=${OWN}>From, to …</option>
      </select>
    </label>
    ${
      shown === OWN &&
      html`
      <${Moment} label="From" text=${since} set=${(text) => set({ since: text })} />
      <${Moment} label="To" text=${until} set=${(text) => set({ until: text })} />
    `
    }
  `;
};

const Moment = ({ label, text, set }) => html`
  <label>
    <span class="filter-label">${label}</span>
    <input
      type="datetime-local"
      value=${text ? toLocal(momentOf(text, Date.now())) : ""}
      onChange=${({ target }) => set(fromLocal(target.value))}
    />
  </label>
`;

const Tag = ({ filter, set }) => {
  const [text, setText] = useState("");
  const [why, setWhy] = useState("");
  const whyId = useId();
  const add = () => {
    if (!text.trim()) return setWhy("");
    if (text.indexOf("=") < 1) return setWhy("A tag has a key and a value: customer=42");
    const [key, value] = tagOf(text);
    set({ tags: [...filter.tags.filter(([other]) => other !== key), [key, value]] });
    setText("");
    return setWhy("");
  };
  return html`
    <label class=${why ? "wrong" : ""}>
      <span class="filter-label">Tag</span>
      <input
        value=${text}
        dir="auto"
        placeholder="customer=42"
        onInput=${({ target }) => setText(target.value)}
        onChange=${add}
        aria-invalid=${why ? "true" : undefined}
        aria-describedby=${why ? whyId : undefined}
        spellcheck="false"
        autocomplete="off"
      />
      ${why && html`<span class="why" id=${whyId} role="alert">${why}</span>`}
    </label>
  `;
};

const ErrorCode = ({ filter, set, codes }) => {
  const id = useId();
  const { errors } = filter;
  return html`
    <label>
      <span class="filter-label">Error code</span>
      <input
        value=${errors.length > 1 ? "" : errors[0] ?? ""}
        placeholder=${errors.length > 1 ? `${errors.length} of them` : "Any"}
        list=${id}
        onChange=${({ target }) => set({ errors: target.value.trim() ? [target.value.trim()] : [] })}
        spellcheck="false"
        autocomplete="off"
      />
      <datalist id=${id}>${codes.map((code) => html`<option key=${code} value=${code} />`)}</datalist>
    </label>
  `;
};

const Sorter = ({ filter, set }) => {
  const fitting = sortersFor(filter);
  const own = ownSorter(filter);
  const all = filter.sort && !fitting.includes(filter.sort) ? [filter.sort, ...fitting] : fitting;
  return html`
    <label>
      <span class="filter-label">Order</span>
      <select
        value=${filter.sort || own}
        onChange=${({ target }) => set({ sort: target.value === own ? "" : target.value })}
      >
        ${all.map((sorter) => html`<option key=${sorter} value=${sorter}>${SORTERS[sorter]}</option>`)}
      </select>
    </label>
  `;
};

const isSame = (some, others) =>
  some.length === others.length && some.every((s) => others.includes(s));

const Statuses = ({ filter, set }) => {
  const { statuses } = filter;
  const toggle = (status) =>
    set({
      statuses: STATUSES.filter((each) => (each === status) !== statuses.includes(each)),
    });
  const group = (label, own) => html`
    <button
      type="button"
      class="small"
      aria-pressed=${isSame(statuses, own)}
      onClick=${() => set({ statuses: isSame(statuses, own) ? [] : own })}
    >
      ${label}
    </button>
  `;
  return html`
    <fieldset class="statuses">
      <legend class="filter-label">State</legend>
      <div class="row">
        ${STATUSES.map(
          (status) => html`
            <label key=${status} class="chip">
              <input
                type="checkbox"
                checked=${statuses.includes(status)}
                onChange=${() => toggle(status)}
              />
              <${State} name=${status} />
            </label>
          `,
        )}
        ${group("Open", OPEN)} ${group("Over", OVER)}
      </div>
    </fieldset>
  `;
};
