// Whether the stack is well: what waits where it should not, what was ended from outside, and what
// the doctor says.
import { get } from "../api.js";
import { useCounts } from "../definitions/counting.js";
import { loadDefinitions } from "../definitions/loading.js";
import { useSlow } from "../slow.js";
import { Doctor } from "../health/doctor.js";
import { Ended } from "../health/ended.js";
import { PERIODS } from "../health/endings.js";
import { Failures } from "../health/failures.js";
import { useFindings } from "../health/findings.js";
import { loadEnded, loadOpen } from "../health/loading.js";
import { Oldest } from "../health/oldest.js";
import { Queues } from "../health/queues.js";
import { goToSection } from "../health/section.js";
import { troublesOf, verdictOf } from "../health/verdict.js";
import { Versions } from "../health/versions.js";
import { html } from "../html.js";
import { useNow } from "../live.js";

const MINUTE_MS = 60_000;
const OPEN_MS = MINUTE_MS;
const QUEUES_MS = MINUTE_MS;
const FUNCTIONS_MS = 5 * MINUTE_MS;
const ENDED_MS = 10 * MINUTE_MS;

export const HealthView = ({ route, tenant, caller, stack }) => {
  const now = useNow(10_000);
  const said = route.params.get("period");
  const period = said in PERIODS ? said : "24h";
  const found = useFindings();
  const queues = useSlow((signal) => get("queues", { signal }), "queues", QUEUES_MS);
  const functions = useSlow((signal) => get("functions", { signal }), "functions", FUNCTIONS_MS);
  const open = useSlow((signal) => loadOpen({ tenant, signal }), `open ${tenant}`, OPEN_MS);
  const ended = useSlow(
    (signal) => loadEnded(period, { tenant, signal }),
    `ended ${tenant} ${period}`,
    ENDED_MS,
  );
  const listed = useSlow((signal) => loadDefinitions({ tenant, signal }), tenant, FUNCTIONS_MS);
  const counts = useCounts(listed.data?.length ?? 0, tenant);

  const lives = [queues, open, ended];
  const troubles = troublesOf({
    queues: queues.data,
    open: open.data?.tasks,
    pauses: open.data?.pauses,
    ended: ended.data,
    findings: found.findings,
    now,
  });
  const unknown =
    lives.filter(({ failure }) => failure).length +
    found.findings.filter(({ state }) => state === "unknown").length +
    (found.failure ? 1 : 0);
  const isLooking = found.isLooking || lives.some((each) => each.isLoading);
  const lookAgain = () => {
    found.look();
    for (const each of [...lives, functions]) each.again();
    if (counts.isOn) counts.ask();
  };

  return html`
    <div class="row between view-head">
      <h1>Health</h1>
      <button type="button" onClick=${lookAgain} disabled=${isLooking}>
        Look again at all of it
      </button>
    </div>
    <${Verdict}
      verdict=${verdictOf({
        troubles: troubles.length,
        isMild: troubles.every((each) => each.isMild),
        unknown,
        isLooking,
      })}
      troubles=${troubles}
    />
    <p class="quiet">
      The tasks here are those of tenant <bdi>${caller?.tenant ?? (tenant || "root")}</bdi>;
      queues, functions and the doctor are about the whole stack.
    </p>
    <div class="health">
      <div>
        <${Queues} live=${queues} stack=${stack} />
        <${Oldest} live=${open} tenant=${tenant} now=${now} />
        <${Ended} live=${ended} period=${period} route=${route} tenant=${tenant} />
        <${Failures} live=${counts} tenant=${tenant} now=${now} />
        <${Versions} live=${functions} open=${open.data} now=${now} />
      </div>
      <div><${Doctor} found=${found} /></div>
    </div>
  `;
};

const Verdict = ({ verdict: { sign, words, look }, troubles }) => html`
  <section class=${`panel verdict verdict-${look}`} aria-label="In a word">
    <p class=${`state state-${look} verdict-words`} role="status">
      <span class="sign" aria-hidden="true">${sign}</span>${words}
    </p>
    ${
      troubles.length > 0 &&
      html`
      <ul>
        ${troubles.map(
          ({ words: each, section }, index) => html`
            <li key=${index}>
              <button type="button" class="link" onClick=${() => goToSection(section)}>
                ${each}
              </button>
            </li>
          `,
        )}
      </ul>
    `
    }
  </section>
`;
