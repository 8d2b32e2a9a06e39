// One definition: what it is, how it has done, and what holds it up.
import { html, useState } from "../html.js";
import { hrefTo } from "../route.js";
import { may } from "../session.js";
import { CountsChart } from "./chart.js";
import { partsOfDoc } from "./doc.js";
import { Limits } from "./limits.js";
import { PauseDialog, Pauses, ResumeDialog } from "./pausing.js";
import { Schedule } from "./schedules.js";
import { tasksHref } from "./task_links.js";

//   counts, limits, schedules: those of the definition; undefined while they are not known
//   pauses: those of the definition alone
export const DefinitionCard = (props) => {
  const { definition, counts, limits, pauses, schedules, caller, tenant, now } = props;
  const { onFlow, onSchedules } = props;
  const [asked, setAsked] = useState(null);
  const { id, title } = definition;
  const mayWrite = may(caller, "w");
  const name = title || id;
  const done = () => {
    setAsked(null);
    onFlow();
  };
  return html`
    <article class="panel definition" aria-labelledby=${`definition-${id}`}>
      <div class="row between definition-head">
        <h2 id=${`definition-${id}`}>
          <a href=${tasksHref({ definition: id }, tenant)}><bdi>${name}</bdi></a>
        </h2>
        <code class="quiet">${id}</code>
      </div>
      <${Doc} text=${definition.description} />
      ${counts && html`<${CountsChart} id=${id} counts=${counts} tenant=${tenant} />`}
      ${
        pauses.length > 0 &&
        html`<${Pauses}
        pauses=${pauses}
        caller=${caller}
        onResume=${mayWrite && ((ended) => setAsked({ ended }))}
      />`
      }
      ${
        limits &&
        html`<${Limits}
        id=${id}
        found=${limits}
        caller=${caller}
        tenant=${tenant}
        mayChange=${mayWrite}
        onChanged=${onFlow}
      />`
      }
      ${schedules.map(
        (schedule) => html`
          <${Schedule}
            key=${schedule.name}
            schedule=${schedule}
            tenant=${tenant}
            mayChange=${mayWrite}
            now=${now}
            onChanged=${onSchedules}
          />
        `,
      )}
      <div class="row definition-end">
        <a class="button small" href=${tasksHref({ definition: id }, tenant)}>
          Tasks<span class="unseen"> of ${id}</span>
        </a>
        ${
          mayWrite &&
          html`
          <a class="button small" href=${hrefTo("trigger", id, { tenant })}>
            Trigger …<span class="unseen"> ${id}</span>
          </a>
          <button type="button" class="small" onClick=${() => setAsked({ ended: null })}>
            Pause …<span class="unseen"> ${id}</span>
          </button>
        `
        }
      </div>
      ${
        asked?.ended === null &&
        html`<${PauseDialog}
        id=${id}
        name=${name}
        caller=${caller}
        tenant=${tenant}
        onClose=${() => setAsked(null)}
        onDone=${done}
      />`
      }
      ${
        asked?.ended &&
        html`<${ResumeDialog}
        ended=${asked.ended}
        name=${name}
        caller=${caller}
        tenant=${tenant}
        onClose=${() => setAsked(null)}
        onDone=${done}
      />`
      }
    </article>
  `;
};

const Doc = ({ text }) => {
  const { first, rest } = partsOfDoc(text);
  if (!first) return "";
  return html`
    <div class="doc">
      <p dir="auto">${first}</p>
      ${
        rest &&
        html`<details>
        <summary>More</summary>
        <p class="doc-rest" dir="auto">${rest}</p>
      </details>`
      }
    </div>
  `;
};
