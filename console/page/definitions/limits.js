// How many tasks of a definition run at a time, by key, and how many queue.
import { html, useState } from "../html.js";
import { Failed } from "../parts/notices.js";
import { Time } from "../parts/time.js";
import { useWork } from "../parts/work.js";
import { number } from "../words.js";
import { LimitDialog } from "./limit_dialog.js";
import { loadMoreLimits } from "./loading.js";
import { Mark } from "./mark.js";

//   found: { items, cursor } of the first page, or { failure }
export const Limits = ({ id, found, caller, tenant, mayChange, onChanged }) => {
  const [more, setMore] = useState({ items: [], cursor: null, isLoaded: false });
  const [changed, setChanged] = useState(null);
  const {
    isBusy,
    failure,
    run: load,
  } = useWork(async () => {
    const next = await loadMoreLimits(id, more.cursor ?? found.cursor, { tenant });
    setMore({ items: [...more.items, ...next.items], cursor: next.cursor, isLoaded: true });
  });
  if (found.failure) return html`<${Failed} failure=${found.failure} isTrying=${false} />`;
  const shown = without(more.items, found.items);
  const all = [...found.items, ...shown];
  const hasMore = more.isLoaded ? more.cursor !== null : found.cursor !== null;
  const done = () => {
    setChanged(null);
    setMore({ items: [], cursor: null, isLoaded: false });
    onChanged();
  };
  return html`
    <section class="part-of" aria-label=${`Limits of ${id}`}>
      <div class="row between">
        <h3>${all.length === 1 && !hasMore ? "Limit" : "Limits"}</h3>
        ${
          mayChange &&
          html`<button type="button" class="small" onClick=${() => setChanged({ limit: null })}>
          Set another …<span class="unseen"> limit of ${id}</span>
        </button>`
        }
      </div>
      ${
        all.length === 0
          ? html`<p class="quiet">It has a limit, and nothing uses a slot now.</p>`
          : html`
            <ul class="limits">
              ${all.map(
                (limit) => html`
                  <${Limit}
                    key=${`${limit.tenant} ${limit.key}`}
                    limit=${limit}
                    onChange=${
                      mayChange && mayChangeOne(limit, caller) && (() => setChanged({ limit }))
                    }
                  />
                `,
              )}
            </ul>
          `
      }
      ${failure && html`<${Failed} failure=${failure} isTrying=${false} />`}
      ${
        hasMore &&
        html`<button type="button" class="small" disabled=${isBusy} onClick=${load}>
        Show more limits<span class="unseen"> of ${id}</span>
      </button>`
      }
      ${
        changed &&
        html`
        <${LimitDialog}
          id=${id}
          limit=${changed.limit}
          caller=${caller}
          tenant=${tenant}
          onClose=${() => setChanged(null)}
          onDone=${done}
        />
      `
      }
    </section>
  `;
};

const without = (items, others) => {
  const known = new Set(others.map(({ tenant, key }) => `${tenant} ${key}`));
  return items.filter(({ tenant, key }) => !known.has(`${tenant} ${key}`));
};

// One that others have, too, takes a caller who is for every tenant.
const mayChangeOne = (limit, caller) =>
  caller.isForEveryTenant || (limit.tenant !== null && limit.tenant === caller.tenant);

const fullWords = ({ slots, used }) => {
  if (slots === 0) return ", none may start";
  if (used > slots) return `, ${number(used - slots)} over it`;
  return used === slots ? ", all of them" : "";
};

const Limit = ({ limit, onChange }) => {
  const { key, tenant, slots, deployed, used, queued, isCapped, oldestQueuedOn } = limit;
  const { changedOn, changedBy } = limit;
  const name = key === "" ? "all without a key" : key;
  const isFull = used >= slots;
  return html`
    <li class="limit">
      <div class="limit-head">
        <span class="limit-key">
          ${key === "" ? html`<i class="quiet">${name}</i>` : html`<bdi>${key}</bdi>`}
          ${tenant && html` <span class="tag">tenant <bdi>${tenant}</bdi></span>`}
        </span>
        ${
          onChange &&
          html`<button type="button" class="small" onClick=${onChange}>
          Change …<span class="unseen"> the limit of ${name}</span>
        </button>`
        }
      </div>
      <meter
        class=${isFull ? "slots slots-full" : "slots"}
        min="0"
        max=${Math.max(slots, used, 1)}
        value=${used}
        aria-label=${`${used} of ${slots} slots used`}
      ></meter>
      <p class="limit-words">
        ${`${number(used)} of ${number(slots)} used${fullWords(limit)} · `}
        ${
          queued > 0
            ? html`<${Mark} look="queued" sign="≡">
                ${`${isCapped ? "over " : ""}${number(queued)} queued`}
              <//>
              ${
                oldestQueuedOn &&
                html`<span>, the oldest <${Time} value=${oldestQueuedOn} /></span>`
              }`
            : "none queued"
        }
      </p>
      ${
        changedOn &&
        html`<p class="limit-words quiet">
        Set to ${number(slots)}${" by "}<bdi>${changedBy?.displayName ?? "somebody"}</bdi>,${" "}
        <${Time} value=${changedOn} />; deployed: ${number(deployed)}
      </p>`
      }
    </li>
  `;
};
