// The window that sets how many tasks of a key run at a time, or has it be as deployed.
import { html, useEffect, useState } from "../html.js";
import { Dialog } from "../parts/dialog.js";
import { Failed, Loading } from "../parts/notices.js";
import { say } from "../parts/toasts.js";
import { useWork } from "../parts/work.js";
import { resetLimit, setLimit } from "./doing.js";
import { keysShownAs, keyWritten } from "./limit_keys.js";
import { findKeys } from "./loading.js";

const MOST_SLOTS = 1_000;
const SEVERAL = "Several keys look like that: 3 and “3” are two. Write the one that is meant.";
const NONE = "Nobody uses it any more, or it is longer than what is shown. Write the whole key.";

//   limit: the one that is changed; null: one that nothing uses by now
export const LimitDialog = ({ id, limit, caller, tenant, onClose, onDone }) => {
  const found = useKey(id, limit, tenant);
  const [key, setKey] = useState("");
  const [slots, setSlots] = useState(String(limit?.slots ?? ""));
  const [everyTenant, setEveryTenant] = useState(
    limit ? limit.tenant !== caller.tenant : caller.isForEveryTenant,
  );
  const isAsked = limit === null || found?.isUnsure;
  const said = isAsked ? (key === "" ? undefined : keyWritten(key)) : found?.key;
  const number = Number(slots);
  const isNumber = /^\d+$/.test(slots) && number <= MOST_SLOTS;
  const done = (words) => {
    say(words);
    onDone();
  };
  const setting = useWork(async () => {
    const after = await setLimit(id, said, number, everyTenant, { tenant });
    done(`The limit of ${id}${after.key ? `, ${after.key},` : ""} is ${after.slots}.`);
  });
  const resetting = useWork(async () => {
    const after = await resetLimit(id, said, everyTenant, { tenant });
    done(`The limit of ${id}${after.key ? `, ${after.key},` : ""} is ${after.slots}, as deployed.`);
  });
  const failure = setting.failure ?? resetting.failure ?? found?.failure;
  const isAtWork = setting.isBusy || resetting.isBusy;
  const submit = (event) => {
    event.preventDefault();
    if (isNumber && !isAtWork) setting.run();
  };
  return html`
    <${Dialog} title=${`The limit of ${id}`} onClose=${onClose}>
      ${
        limit && !found
          ? html`<${Loading} what="its key" />`
          : html`
            <form onSubmit=${submit}>
              ${
                limit?.key && html`<p>Of the tasks with the key <b><bdi>${limit.key}</bdi></b>.</p>`
              }
              ${
                found?.isUnsure &&
                html`<p>
                ${found.isSeveral ? SEVERAL : NONE}
              </p>`
              }
              ${
                isAsked &&
                html`
                <div class="field">
                  <label for="limit-key">Key</label>
                  <input
                    id="limit-key"
                    value=${key}
                    onInput=${(event) => setKey(event.target.value)}
                    spellcheck="false"
                    autocomplete="off"
                    aria-describedby="limit-key-hint"
                  />
                  <span class="hint" id="limit-key-hint">
                    A text, or JSON: 3, true, [null] (the tasks without a key), ["acme", 3]. Empty
                    where the limit has no key.
                  </span>
                </div>
              `
              }
              <div class=${isNumber || slots === "" ? "field" : "field wrong"}>
                <label for="limit-slots">How many run at a time</label>
                <input
                  id="limit-slots"
                  type="number"
                  min="0"
                  max=${MOST_SLOTS}
                  step="1"
                  required
                  value=${slots}
                  onInput=${(event) => setSlots(event.target.value)}
                  aria-describedby="limit-slots-hint"
                />
                <span class=${isNumber || slots === "" ? "hint" : "why"} id="limit-slots-hint">
                  A whole number from 0, which lets none start, to 1,000${
                    limit ? `; deployed: ${limit.deployed}` : ""
                  }. Those that run keep their slots.
                </span>
              </div>
              ${
                limit === null
                  ? caller.isForEveryTenant &&
                    html`
                    <label class="check">
                      <input
                        type="checkbox"
                        checked=${everyTenant}
                        onChange=${(event) => setEveryTenant(event.target.checked)}
                      />
                      It may be for the tasks of every tenant
                    </label>
                  `
                  : limit.tenant === null &&
                    html`<p>It holds for the tasks of <b>every tenant</b>.</p>`
              }
              ${failure && html`<${Failed} failure=${failure} isTrying=${false} />`}
              <div class="row end">
                <button type="button" onClick=${onClose}>Cancel</button>
                ${
                  (limit === null || limit.changedOn) &&
                  html`<button type="button" disabled=${isAtWork} onClick=${resetting.run}>
                  As deployed
                </button>`
                }
                <button type="submit" class="main" disabled=${isAtWork || !isNumber}>Set</button>
              </div>
            </form>
          `
      }
    <//>
  `;
};

// The key of a limit, as its tasks have it: { key }, or { isUnsure, isSeveral, failure }.
const useKey = (id, limit, tenant) => {
  const [found, setFound] = useState(null);
  useEffect(() => {
    if (!limit) return;
    findKeys(id, keysShownAs(limit.key), { tenant }).then(
      (matches) => setFound(decided(limit, matches)),
      (failure) => setFound({ isUnsure: true, isSeveral: false, failure }),
    );
  }, []);
  return found;
};

const decided = (limit, matches) => {
  const alike = ({ limit: each }) => each.key === limit.key && each.tenant === limit.tenant;
  const all = matches.filter(alike);
  // Without a key, the API lists all limits: that says something only where no key was found.
  const keyed = all.filter(({ key }) => key !== undefined);
  const same = keyed.length > 0 ? keyed : all;
  if (same.length === 1) return { key: same[0].key };
  return { isUnsure: true, isSeveral: same.length > 1 };
};
