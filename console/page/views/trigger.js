// Triggers a task: what it is of is chosen, its input filled in, and then it is followed.
import { html, useCallback, useEffect, useMemo, useRef, useState } from "../html.js";
import { ask, askOne, opened } from "../api.js";
import { draftOf, dropDraft, keepDraft } from "../forms/draft.js";
import { ErrorSummary } from "../forms/error_summary.js";
import { InputForm } from "../forms/input_form.js";
import { isSame, parsed, written } from "../forms/json_text.js";
import { OptionFields } from "../forms/option_fields.js";
import { argumentsOf, NO_OPTIONS } from "../forms/options.js";
import { placed } from "../forms/places.js";
import { problemsOf } from "../forms/checks.js";
import { partAt, startOf } from "../forms/values.js";
import { useLive } from "../live.js";
import { Empty, Failed, Loading, Unanswered } from "../parts/notices.js";
import { goTo, hrefTo } from "../route.js";
import { may } from "../session.js";

const NAMES = `{
  backgroundTasks {
    listDefinitions { data { id title description } error { message code data } }
  }
}`;
const SCHEMAS = `{
  backgroundTasks {
    listDefinitions { data { id title description inputSchema } error { message code data } }
  }
}`;
const TRIGGER = `mutation Trigger(
  $definition: WebinyBackgroundTaskDefinitionEnum!
  $input: JSON
  $name: String
  $delay: Number
  $timeout: Number
  $expiresAfter: Number
  $priority: Number
  $idempotencyKey: String
  $tags: JSON
) {
  backgroundTasks {
    triggerTask(
      definition: $definition
      input: $input
      name: $name
      delay: $delay
      timeout: $timeout
      expiresAfter: $expiresAfter
      priority: $priority
      idempotencyKey: $idempotencyKey
      tags: $tags
    ) {
      data { id }
      error { message code data }
    }
  }
}`;

const ONCE = { isOver: () => true };

export const TriggerView = ({ id, ...shared }) =>
  id ? html`<${OfDefinition} id=${id} ...${shared} />` : html`<${Choose} ...${shared} />`;

const useDefinitions = (document, tenant) =>
  useLive(
    async (signal) => opened((await ask(document, {}, { tenant, signal })).listDefinitions).data,
    `definitions of ${tenant}: ${document.length}`,
    ONCE,
  );

const tenantOf = (route) => route.params.get("tenant") ?? "";

const Choose = ({ route, tenant, caller }) => {
  const live = useDefinitions(NAMES, tenant);
  const [wanted, setWanted] = useState("");
  const found = (live.data ?? []).filter(({ id, title }) =>
    `${id} ${title}`.toLowerCase().includes(wanted.trim().toLowerCase()),
  );
  return html`
    <h1>Trigger a task</h1>
    <${ReadOnly} caller=${caller} />
    <${Unanswered} live=${live} />
    ${live.isLoading && html`<${Loading} what="the definitions" />`}
    ${
      live.data &&
      html`
      <div class="field">
        <label for="wanted">Which definition</label>
        <input
          id="wanted"
          type="search"
          placeholder="Part of its title or id"
          autocomplete="off"
          value=${wanted}
          onInput=${(event) => setWanted(event.target.value)}
        />
      </div>
      <p class="unseen" role="status">${`${found.length} of ${live.data.length}`}</p>
      ${
        found.length === 0
          ? html`<${Empty}
            >${
              live.data.length
                ? "No definition is called so."
                : "There are no definitions that the API may trigger."
            }<//
          >`
          : html`<ul class="cards">
            ${found.map(
              ({ id, title, description }) => html`
                <li key=${id} class="panel card">
                  <h2>
                    <a href=${hrefTo("trigger", id, { tenant: tenantOf(route) })}
                      ><bdi>${title}</bdi></a
                    >
                  </h2>
                  <p class="id quiet">${id}</p>
                  ${description && html`<p dir="auto">${description}</p>`}
                </li>
              `,
            )}
          </ul>`
      }
    `
    }
  `;
};

const ReadOnly = ({ caller }) =>
  caller &&
  !may(caller, "w") &&
  html`<div class="notice" role="status">
    <p>You may only read the tasks of this tenant: nobody triggers one without the permission w.</p>
  </div>`;

const OfDefinition = ({ id, route, tenant, caller }) => {
  const [number, setNumber] = useState(0);
  const live = useDefinitions(SCHEMAS, tenant);
  const definition = live.data?.find((each) => each.id === id);
  const back = hrefTo("trigger", "", { tenant: tenantOf(route) });
  if (!live.data) {
    return html`<h1>Trigger <bdi>${id}</bdi></h1>
      ${
        live.failure
          ? html`<${Failed} failure=${live.failure} />`
          : html`<${Loading} what="its input" />`
      }`;
  }
  if (!definition) {
    return html`<h1>Trigger <bdi>${id}</bdi></h1>
      <p>
        The stack has no definition “${id}” that the API may trigger.${" "}
        <a href=${back}>Choose another</a>
      </p>`;
  }
  return html`
    <h1>Trigger <bdi>${definition.title}</bdi></h1>
    <p><span class="id quiet">${id}</span> · <a href=${back}>Choose another definition</a></p>
    ${definition.description && html`<p dir="auto">${definition.description}</p>`}
    <${ReadOnly} caller=${caller} />
    <${TriggerForm}
      key=${`${number} ${route.params.get("input") ?? ""}`}
      definition=${definition}
      prefill=${route.params.get("input")}
      tenant=${tenant}
      canTrigger=${may(caller, "w")}
      hrefOf=${(task) => hrefTo("tasks", task, { tenant: tenantOf(route) })}
      onAnew=${() => {
        dropDraft(`${tenant}/${id}`);
        setNumber(number + 1);
      }}
    />
  `;
};

const NOTHING = [];
const within = (prefix, problems) => problems.map((problem) => ({ ...problem, prefix }));
const INPUT = "input";
const OPTIONS = "option";

const TriggerForm = ({ definition, prefill, tenant, canTrigger, hrefOf, onAnew }) => {
  const schema = definition.inputSchema;
  const place = `${tenant}/${definition.id}`;
  const draft = useMemo(() => (prefill == null ? draftOf(place) : null), []);
  const first = useMemo(() => firstInput(schema, draft?.input ?? prefill, draft), []);
  const [value, setValue] = useState(first.value);
  const [options, setOptions] = useState({ ...NO_OPTIONS, ...draft?.options });
  const [unread, setUnread] = useState(NOTHING);
  const [unreadKeys, setUnreadKeys] = useState(null);
  const [found, setFound] = useState(null);
  const [isSending, setIsSending] = useState(false);
  const [hasInput, setHasInput] = useState(schema != null || prefill != null);
  const attempts = useRef(0);
  const isBusy = useRef(false);
  // The same key as long as nothing changes: an answer that was lost does not trigger twice.
  const key = useMemo(() => crypto.randomUUID(), [value, options]);
  const isGone = useRef(false);
  useEffect(() => () => (isGone.current = true), []);
  const tell = useCallback((_, words) => setUnreadKeys(words), []);

  const isTouched = useRef(false);
  // At once: the page may be left the moment after.
  useEffect(() => {
    if (isTouched.current) {
      const input = value === undefined ? null : written(value, 0);
      keepDraft(place, { input, options });
    }
    isTouched.current = true;
  }, [value, options]);

  const show = (problems) => {
    attempts.current += 1;
    setFound({
      input: NOTHING,
      options: NOTHING,
      failure: null,
      value,
      said: options,
      ...problems,
    });
  };

  const send = async ({ isSure = false } = {}) => {
    if (isBusy.current || !canTrigger) return;
    const said = argumentsOf(options);
    const wrongKeys = unreadKeys ? [{ path: ["tags"], message: unreadKeys }] : [];
    const wrong = { input: hasInput ? unread : NOTHING, options: [...said.problems, ...wrongKeys] };
    if (wrong.input.length || wrong.options.length) return show(wrong);
    const input = hasInput ? value : undefined;
    const doubts = schema && !isSure && input !== undefined ? problemsOf(schema, input) : [];
    const missing = schema && !isSure && input === undefined && !Object.hasOwn(schema, "default");
    const unsure = missing ? problemsOf(schema, {}) : doubts;
    if (unsure.length) return show({ input: unsure, canInsist: true });
    isBusy.current = true;
    setIsSending(true);
    setFound(null);
    try {
      const variables = {
        definition: definition.id,
        input: input ?? null,
        idempotencyKey: key,
        ...said.given,
      };
      const { data } = await askOne("triggerTask", TRIGGER, variables, { tenant, repeats: true });
      dropDraft(place);
      if (!isGone.current) goTo(hrefOf(data.id));
    } catch (failure) {
      if (isGone.current) return;
      const fields = failure.data?.invalidFields;
      show(fields ? { input: placed(fields, schema, input), failure: null } : { failure });
    } finally {
      isBusy.current = false;
      if (!isGone.current) setIsSending(false);
    }
  };

  // What was changed since is no problem any more, before it is sent again.
  const wrongInput = useMemo(() => leftOf(found?.input, found?.value, value), [found, value]);
  const wrongOptions = useMemo(
    () => leftOf(found?.options, found?.said, options),
    [found, options],
  );
  const problems = [...within(INPUT, wrongInput), ...within(OPTIONS, wrongOptions)];
  return html`
    <form
      class="panel trigger-form"
      novalidate
      onSubmit=${(event) => {
        event.preventDefault();
        send();
      }}
      aria-busy=${isSending ? "true" : undefined}
    >
      <h2>Input</h2>
      ${first.note && html`<p class="hint">${first.note}</p>`}
      ${
        draft &&
        html`<p class="notice">
        What you had typed is here again.${" "}
        <button type="button" class="link" onClick=${onAnew}>Begin anew</button>
      </p>`
      }
      ${
        hasInput
          ? html`<${InputForm}
            schema=${schema}
            value=${value}
            text=${first.text}
            errors=${wrongInput}
            prefix=${INPUT}
            onChange=${setValue}
            onProblems=${setUnread}
          />`
          : html`<p>
            It takes no input, or none that is known.${" "}
            <button type="button" class="link" onClick=${() => setHasInput(true)}>
              Send JSON all the same
            </button>
          </p>`
      }
      ${
        schema &&
        Object.hasOwn(schema, "default") &&
        html`<div class="notice">
        <p>Triggered without an input, it has its own: <code>${shortOf(schema.default)}</code></p>
        <div class="row">
          ${
            value === undefined
              ? html`<button type="button" class="small" onClick=${() => setValue(schema.default)}>
                Start from it
              </button>`
              : html`<button type="button" class="small" onClick=${() => setValue(undefined)}>
                Send no input
              </button>`
          }
        </div>
      </div>`
      }
      <${OptionFields}
        options=${options}
        errors=${wrongOptions}
        prefix=${OPTIONS}
        onChange=${setOptions}
        tell=${tell}
      />
      ${
        found?.failure &&
        html`<div class="notice notice-failed" role="alert">
        <p>${found.failure.message}</p>
        ${found.failure.code && html`<p class="code">${found.failure.code}</p>`}
        ${
          found.failure.passes &&
          html`<p>
          Whether it was triggered is not known. Trigger it again: the same input, sent twice, is
          one task.
        </p>`
        }
      </div>`
      }
      ${
        problems.length > 0 &&
        html`<${ErrorSummary}
        problems=${problems}
        attempt=${attempts.current}
        title=${
          found.canInsist
            ? "By its schema, this input is not what the task takes:"
            : "This can't be triggered as it is:"
        }
      >
        ${
          found.canInsist &&
          html`<button type="button" class="small" onClick=${() => send({ isSure: true })}>
          Send it all the same
        </button>`
        }
      <//>`
      }
      <div class="row">
        <button class="main" type="submit" disabled=${isSending || !canTrigger}>
          ${isSending ? "Triggering …" : "Trigger"}
        </button>
      </div>
    </form>
  `;
};

const leftOf = (problems = NOTHING, before, now) =>
  problems.filter(({ path }) => isSame(partAt(before, path), partAt(now, path)));

const firstInput = (schema, prefill, draft) => {
  if (prefill != null) {
    const { value, problem } = parsed(prefill);
    if (problem) return { value: undefined, text: prefill };
    return { value, note: draft ? "" : "The input comes from the link that led here." };
  }
  const isOwn = schema && Object.hasOwn(schema, "default");
  return { value: schema && !isOwn ? startOf(schema, schema) : undefined };
};

const shortOf = (value) => {
  const text = written(value, 0);
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
};
