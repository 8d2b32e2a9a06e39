// The list of tasks: filtered as the URL says, and fresh by itself.
import { MatchingActions, SelectedActions } from "../actions/many.js";
import { html, useEffect, useMemo, useRef, useState } from "../html.js";
import { useKeys } from "../parts/keys.js";
import { Empty, Loading, Unanswered } from "../parts/notices.js";
import { goTo, hrefTo } from "../route.js";
import { may } from "../session.js";
import { plural } from "../words.js";
import { Count } from "../tasks/count.js";
import { NOTHING, changed, filterOf, isEverything, paramsOf } from "../tasks/filter.js";
import { Filters } from "../tasks/filters.js";
import { Groups } from "../tasks/groups.js";
import { useList } from "../tasks/list.js";
import { useOnce } from "../tasks/once.js";
import { Pager } from "../tasks/pager.js";
import { nextPage, pageOf, pageParams } from "../tasks/paging.js";
import { countTasks, listDefinitions } from "../tasks/questions.js";
import { Rows } from "../tasks/rows.js";
import { wordsOf } from "../tasks/said.js";
import { useSelection } from "../tasks/selection.js";
import { whereOf } from "../tasks/where.js";

const BY_ERROR = "error";

export const TasksView = ({ route, tenant, caller, cameFrom }) => {
  const text = route.params.toString();
  const filter = useMemo(() => filterOf(route.params), [text]);
  const isByError = route.params.get("group") === BY_ERROR;
  const search = useRef(null);
  const [isReady, setIsReady] = useState(false);
  const [codes, setCodes] = useState([]);
  // Nothing is asked for beside the rows before these are there.
  const definitions = useOnce(
    (signal) => listDefinitions({ tenant, signal }),
    isReady || isByError ? tenant : null,
  );
  useKeys({ "/": () => search.current?.focus() });

  const shared = { tenant: route.params.get("tenant") ?? "", group: isByError ? BY_ERROR : "" };
  const linkTo = {
    list: (wanted, more) =>
      hrefTo("tasks", "", { tenant: shared.tenant, ...paramsOf(wanted), ...more }),
    task: (id) => hrefTo("tasks", id, { tenant: shared.tenant }),
    error: (code) => linkTo.list(changed(filter, { errors: [code], statuses: ["failed"] })),
    tag: ([key, value]) =>
      linkTo.list(
        changed(filter, { tags: [...filter.tags.filter(([k]) => k !== key), [key, value]] }),
      ),
    trigger: () => hrefTo("trigger", "", { tenant: shared.tenant }),
  };
  const change = (wanted, { isTyped = false } = {}) =>
    goTo(linkTo.list(wanted, { group: shared.group }), { replace: isTyped });
  const list = { filter, route, tenant, caller, linkTo, setIsReady, setCodes, cameFrom };

  return html`
    <div class="tasks-view">
      <${isByError ? ByError : List} ...${list}>
        <${Filters}
          ...${{ filter, change, codes, search, isByError }}
          definitions=${definitions.data}
          href=${linkTo.list(NOTHING, { group: shared.group })}
        />
      <//>
    </div>
  `;
};

const Head = ({ caller, linkTo, filter, isByError = false, children }) => html`
  <div class="row between tasks-head">
    <h1>Tasks <small class="count-place">${children}</small></h1>
    <nav class="ways" aria-label="Ways to look at the tasks">
      <a href=${linkTo.list(filter)} aria-current=${isByError ? undefined : "page"}>List</a>
      <a href=${linkTo.list(filter, { group: BY_ERROR })} aria-current=${isByError ? "page" : undefined}
        >Failed, by error code</a
      >
    </nav>
    ${
      (!caller || may(caller, "w")) &&
      html`<a class=${caller ? "button main" : "button main hidden"} href=${linkTo.trigger()}>Trigger a task</a>`
    }
  </div>
`;

const ByError = ({ filter, tenant, caller, linkTo, children }) => html`
  <${Head} ...${{ caller, linkTo, filter }} isByError />
  ${children}
  <${Groups} ...${{ filter, tenant }} href=${linkTo.list} taskHref=${linkTo.task} />
`;

const List = ({
  filter,
  route,
  tenant,
  caller,
  linkTo,
  setIsReady,
  setCodes,
  cameFrom,
  children,
}) => {
  const page = pageOf(route.params);
  const filterKey = JSON.stringify([paramsOf(filter), tenant]);
  const [isPaused, setIsPaused] = useState(false);
  const body = useRef(null);
  const top = useRef(null);
  const held = useRef(() => false);
  const list = useList({ filter, page, tenant, isPaused, isHeld: () => held.current() });
  const pageKey = `${filterKey} ${page.cursors.at(-1) ?? ""}`;
  const selection = useSelection(list.tasks, pageKey);
  held.current = () => selection.size > 0 || isAtWork(body.current);

  const isThere = list.data !== undefined;
  const counting = useOnce(
    (signal) => countTasks(whereOf(filter), { tenant, signal }),
    isThere && !list.isWhole ? filterKey : null,
  );
  const canSelect = !caller || may(caller, "w") || may(caller, "d");
  const where = useMemo(() => whereOf(filter), [filterKey, list.answeredAt]);
  useEffect(
    () => setIsReady((was) => was || isThere || Boolean(list.failure)),
    [isThere, list.failure],
  );
  useEffect(() => {
    const found = new Set(list.tasks.map((task) => task.errorCode).filter(Boolean));
    setCodes((known) =>
      [...found].every((code) => known.includes(code)) ? known : [...new Set([...known, ...found])],
    );
  }, [list.tasks]);
  useKeys(selection.size > 0 ? { Escape: selection.clear } : {});
  useBackAtRow(body, cameFrom, list.tasks.length > 0);
  useTopOnPage(top, page.number, filterKey);
  useTopBehindSelection(top, selection.size);

  const acting = { caller, tenant, onDone: list.refresh };
  return html`
    <${Head} ...${{ caller, linkTo, filter }}>
      <${Count} known=${list.isWhole ? list.tasks.length + list.waiting : null} counting=${counting} />
    <//>
    ${children}
    <${Unanswered} live=${list} />
    <section ref=${top} tabindex="-1" class="tasks-list" aria-label=${`The list, page ${page.number}`}>
      <div class="bar">
        <div class="row bar-actions">
          ${
            selection.size > 0
              ? html`
                <b role="status">${plural(selection.size, "task")} selected</b>
                <${SelectedActions} tasks=${selection.tasks} ...${acting} onRead=${selection.clear} />
                <button type="button" class="small" onClick=${selection.clear}>Clear the selection</button>
              `
              : canSelect &&
                caller &&
                html`<${MatchingActions}
                  where=${where}
                  words=${wordsOf(filter)}
                  isEmpty=${list.tasks.length === 0 && !list.cursor}
                  ...${acting}
                />`
          }
        </div>
        <${Freshness} ...${{ list, isPaused, setIsPaused }} />
      </div>
      ${
        list.tasks.length > 0
          ? html`<${Rows}
            ...${{ selection, canSelect, linkTo, body }}
            tasks=${list.tasks}
            changed=${list.changed}
            isOld=${list.isOld}
          />`
          : html`<${Nothing} ...${{ list, filter, page, linkTo, caller }} />`
      }
      ${
        isThere &&
        list.cursor &&
        list.tasks.length > 0 &&
        list.tasks.length < SHORT &&
        html`<p class="quiet">
        Only ${plural(list.tasks.length, "task")} of those that were looked at for this page${" "}
        ${list.tasks.length === 1 ? "matches" : "match"}. There may be more on the next page.
      </p>`
      }
      <${Pager} ...${{ page }} cursor=${list.cursor} href=${(to) => linkTo.list(filter, pageParams(to))} />
    </section>
  `;
};

// A page with fewer than so many, and more behind it, looks as if it were the last one.
const SHORT = 40;

// Somebody who has the focus in the rows, or has scrolled to them, is at work there.
const isAtWork = (body) =>
  body != null && (body.contains(document.activeElement) || body.getBoundingClientRect().top < 0);

// The last answer's time, what waits, and the button that holds the list (WCAG 2.2, 2.2.2).
const Freshness = ({ list, isPaused, setIsPaused }) => html`
  <div class="row freshness">
    ${
      list.waiting > 0 &&
      html`<button type="button" class="small main" onClick=${list.release}>
      Show ${plural(list.waiting, "new task")}
    </button>`
    }
    <span class="quiet as-of">
      ${list.answeredAt ? `As of ${new Date(list.answeredAt).toLocaleTimeString("en-GB")}` : ""}
    </span>
    <button
      type="button"
      class="small"
      onClick=${() => setIsPaused(!isPaused)}
    >
      ${isPaused ? "Go on refreshing" : "Hold"}<span class="unseen"> the list</span>
    </button>
    ${
      isPaused &&
      html`<button type="button" class="small" onClick=${list.refresh}>
      Refresh<span class="unseen"> the list</span>
    </button>`
    }
  </div>
`;

const Nothing = ({ list, filter, page, linkTo, caller }) => {
  if (list.failure) return "";
  if (list.data === undefined) return html`<${Loading} what="the tasks" />`;
  if (list.cursor) {
    const next = linkTo.list(filter, pageParams(nextPage(page, list.cursor)));
    return html`<${Empty}>
      None of the tasks that were looked at for this page matches. There are more to look at.
      <br /><a class="button" href=${next}>Look further</a>
    <//>`;
  }
  if (page.number > 1) {
    return html`<${Empty}>
      There is nothing more on this page. <a href=${linkTo.list(filter)}>See the first page</a>
    <//>`;
  }
  if (isEverything(filter)) {
    return html`<${Empty}>
      There is no task yet.${" "}
      ${
        may(caller, "w")
          ? html`<a href=${linkTo.trigger()}>Trigger the first one</a>, here or in a terminal:
            <br /><code>background-tasks trigger testingRun</code>`
          : "It is here a moment after it is triggered."
      }
    <//>`;
  }
  return html`<${Empty}>
    There are no ${wordsOf(filter)}. <a href=${linkTo.list(NOTHING)}>Clear the filter</a>
  <//>`;
};

// Whoever comes back from a task is where they were in the list, to go on with the next one.
const useBackAtRow = (body, cameFrom, isThere) => {
  const id = useRef(cameFrom);
  useEffect(() => {
    if (!id.current || !isThere) return;
    const link = body.current?.querySelector(`tr[data-id="${CSS.escape(id.current)}"] a.open`);
    id.current = "";
    if (!link || !document.activeElement?.contains(link)) return;
    link.focus({ preventScroll: true });
    link.scrollIntoView({ block: "center" });
  }, [isThere]);
};

// Another page of the same filter begins at its top, for the focus, too.
const useTopOnPage = (top, number, filterKey) => {
  const before = useRef({ number, filterKey });
  useEffect(() => {
    const isTurned = before.current.filterKey === filterKey && before.current.number !== number;
    before.current = { number, filterKey };
    if (!isTurned) return;
    top.current?.focus({ preventScroll: true });
    top.current?.scrollIntoView({ block: "start" });
  }, [number, filterKey]);
};

// The buttons of a selection go away with it. Whoever has used one goes on from the list's top.
const useTopBehindSelection = (top, size) => {
  const before = useRef(size);
  useEffect(() => {
    const isCleared = before.current > 0 && size === 0;
    before.current = size;
    if (isCleared && document.activeElement === document.body)
      top.current?.focus({ preventScroll: true });
  }, [size]);
};
