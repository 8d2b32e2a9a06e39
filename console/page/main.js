// The page: what stands around each view, and which view is shown.
import { html, render, useEffect, useErrorBoundary, useRef, useState } from "./html.js";
import { about as known, ask, CAME_BACK, get, opened } from "./api.js";
import { useLive } from "./live.js";
import { Dialog } from "./parts/dialog.js";
import { useKeys } from "./parts/keys.js";
import { Later } from "./parts/later.js";
import { Failed } from "./parts/notices.js";
import { Toasts } from "./parts/toasts.js";
import { goTo, hrefTo, useRoute } from "./route.js";
import { keep, kept } from "./session.js";
import { TasksView } from "./views/tasks.js";

const VIEWS = [
  ["tasks", "Tasks", "t"],
  ["definitions", "Definitions", "d"],
  ["health", "Health", "h"],
];
const KEYS = [
  ["g t, g d, g h", "Tasks, Definitions, Health"],
  ["n", "Trigger a task"],
  ["/", "Search the tasks, or the definitions"],
  ["j, k", "The next row, the one before"],
  ["Enter", "Open the row"],
  ["x", "Select the row"],
  ["Esc", "Select no row"],
  ["?", "These keys"],
];
const THEMES = { auto: "As the system", light: "Light", dark: "Dark" };

const CALLER = `{
  backgroundTasks {
    getCaller {
      data { id displayName tenant permissions ownPermissions isForEveryTenant }
      error { message code data }
    }
  }
}`;

const App = () => {
  const route = useRoute();
  const tenant = route.params.get("tenant") ?? known.tenant ?? "";
  const stack = useStack();
  const caller = useLive(
    async (signal) => opened((await ask(CALLER, {}, { tenant, signal })).getCaller).data,
    `caller of ${tenant}`,
    { isOver: () => true },
  );
  useCameBack(caller.refresh);
  const [isHelp, setIsHelp] = useState(false);
  const main = useRef(null);
  useKeys({
    ...Object.fromEntries(
      VIEWS.map(([view, , key]) => [
        `g ${key}`,
        () => goTo(hrefTo(view, "", { tenant: own(tenant) })),
      ]),
    ),
    n: () => goTo(hrefTo("trigger", "", { tenant: own(tenant) })),
    "?": () => setIsHelp(true),
  });
  useTheme();
  useEffect(() => {
    document.title = `${titleOf(route)} · ${stack?.name ?? "Background tasks"}`;
  }, [route.view, route.id, stack?.name]);
  useFocusOnChange(main, `${route.view}/${route.id}`);

  const cameFrom = useCameFrom(route);
  const shared = { route, tenant, caller: caller.data, stack, cameFrom };
  return html`
    <a class="skip" href="#main" onClick=${skipTo(main)}>Skip to the content</a>
    <header class="top">
      <a class="brand" href=${hrefTo("tasks", "", { tenant: own(tenant) })}>
        <img src="files/icon.svg" alt="" width="24" height="24" />
        <span>${stack?.name ?? "Background tasks"}</span>
      </a>
      <nav aria-label="Views">
        ${VIEWS.map(
          ([view, label]) => html`
            <a
              href=${hrefTo(view, "", { tenant: own(tenant) })}
              aria-current=${isWithin(route, view) ? "page" : undefined}
              >${label}</a
            >
          `,
        )}
      </nav>
      <div class="top-end">
        <${Whose} tenant=${tenant} caller=${caller} route=${route} />
        <button type="button" class="icon" onClick=${() => setIsHelp(true)} aria-label="Keys and colours">
          ?
        </button>
      </div>
    </header>
    <main id="main" ref=${main} tabindex="-1">
      ${caller.failure && !caller.failure.passes && html`<${Failed} failure=${caller.failure} />`}
      <${Guarded} key=${`${route.view}/${route.id}`} ...${shared} />
    </main>
    <${Toasts} />
    ${isHelp && html`<${Help} onClose=${() => setIsHelp(false)} stack=${stack} />`}
  `;
};

// Where the caller's own tenant is meant, the URL has none.
const own = (tenant) => (tenant === (known.tenant ?? "") ? "" : tenant);

const isWithin = (route, view) =>
  route.view === view || (view === "definitions" && route.view === "trigger");

const titleOf = ({ view, id }) => {
  const label = VIEWS.find(([name]) => name === view)?.[1] ?? "Trigger";
  return id ? `${id} · ${label}` : label;
};

// What is loaded when somebody goes there: the list is there before it.
const LATER = {
  definitions: async () => (await import("./views/definitions.js")).DefinitionsView,
  health: async () => (await import("./views/health.js")).HealthView,
  task: async () => (await import("./views/task.js")).TaskView,
  trigger: async () => (await import("./views/trigger.js")).TriggerView,
};

// What breaks a view breaks that view alone: nothing else of the page, and not for ever.
const Guarded = (shared) => {
  const [error, again] = useErrorBoundary();
  if (!error) return html`<${View} ...${shared} />`;
  return html`
    <h1>This can't be shown</h1>
    <div class="notice notice-failed" role="alert">
      <p>The page has failed in the middle of it: <bdi>${String(error).slice(0, 300)}</bdi></p>
      <p>Next: the command line shows the same. Please report it, with these words.</p>
    </div>
    <button type="button" onClick=${again}>Try again</button>
  `;
};

const View = (shared) => {
  const { view, id } = shared.route;
  if (view === "tasks" && !id) return html`<${TasksView} ...${shared} />`;
  const name = view === "tasks" ? "task" : view;
  const load = Object.hasOwn(LATER, name) ? LATER[name] : null;
  if (load)
    return html`<${Later} key=${`${view}/${id}`} load=${load} what="the page" ...${{ ...shared, id }} />`;
  return html`<h1>No such page</h1><p>There is no “${view}”. <a href="#/tasks">See the tasks</a></p>`;
};

// The task that the view before this one was about; "" where it was another view.
const useCameFrom = ({ view, id }) => {
  const before = useRef("");
  const found = before.current;
  useEffect(() => {
    before.current = view === "tasks" ? id : "";
  }, [view, id]);
  return found;
};

// What the server knows of the stack. If it could not find it, it is asked again.
const useStack = () => {
  const isAsked = useRef(Boolean(known.failure));
  const live = useLive((signal) => (isAsked.current ? get("about", { signal }) : known), "about", {
    isOver: () => true,
  });
  useCameBack(() => {
    isAsked.current = true;
    live.refresh();
  });
  return live.data?.failure ? null : live.data;
};

const useCameBack = (look) =>
  useEffect(() => {
    addEventListener(CAME_BACK, look);
    return () => removeEventListener(CAME_BACK, look);
  });

const Whose = ({ tenant, caller, route }) => {
  const [text, setText] = useState(tenant);
  useEffect(() => setText(tenant), [tenant]);
  const canWrite = caller.data?.permissions.includes("w");
  const submit = (event) => {
    event.preventDefault();
    goTo(
      hrefTo(route.view === "trigger" ? "definitions" : route.view, "", { tenant: text.trim() }),
    );
  };
  return html`
    <form class="whose" onSubmit=${submit}>
      <label>
        <span>Tenant</span>
        <input
          value=${text}
          placeholder=${caller.data?.tenant ?? "root"}
          onInput=${(event) => setText(event.target.value)}
          spellcheck="false"
          autocomplete="off"
        />
      </label>
      ${
        caller.data &&
        html`<span class="caller" title=${caller.data.id}
        >${caller.data.displayName}${canWrite ? "" : html` <b class="tag">read only</b>`}</span
      >`
      }
    </form>
  `;
};

const Help = ({ onClose, stack }) => {
  const [theme, setTheme] = useState(kept("theme", "auto"));
  const [keys, setKeys] = useState(kept("keys", true));
  const choose = (value) => {
    keep("theme", value);
    setTheme(value);
    applyTheme();
  };
  return html`
    <${Dialog} title="Keys and colours" onClose=${onClose}>
      <table class="keys">
        <caption class="unseen">Keys</caption>
        <tbody>
          ${KEYS.map(([key, does]) => html`<tr><th scope="row"><kbd>${key}</kbd></th><td>${does}</td></tr>`)}
        </tbody>
      </table>
      <label class="check">
        <input
          type="checkbox"
          checked=${keys}
          onChange=${(event) => {
            keep("keys", event.target.checked);
            setKeys(event.target.checked);
          }}
        />
        Use these keys
      </label>
      <fieldset class="choices">
        <legend>Colours</legend>
        ${Object.entries(THEMES).map(
          ([value, label]) => html`
            <label class="check">
              <input
                type="radio"
                name="theme"
                checked=${theme === value}
                onChange=${() => choose(value)}
              />
              ${label}
            </label>
          `,
        )}
      </fieldset>
      ${stack && html`<p class="quiet">Background tasks ${stack.version}</p>`}
    <//>
  `;
};

const applyTheme = () => {
  const theme = kept("theme", "auto");
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
};

const useTheme = () => useEffect(applyTheme, []);

// A link within the page is not a route.
const skipTo = (main) => (event) => {
  event.preventDefault();
  main.current.focus();
};

// Another view takes the focus, as another page does; the first one leaves it where it is.
const useFocusOnChange = (main, place) => {
  const before = useRef(place);
  useEffect(() => {
    if (before.current !== place) {
      main.current.focus({ preventScroll: true });
      scrollTo(0, 0);
    }
    before.current = place;
  }, [place]);
};

render(html`<${App} />`, document.getElementById("root"));
