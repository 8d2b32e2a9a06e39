// What a task has cost, in numbers: counted where Step Functions tells it, else computed.
import { html } from "../html.js";
import { duration, number } from "../words.js";
import { costOf } from "./cost.js";

// Whether it is the history of the execution that the task has begun in.
const isFirst = (history, task) =>
  Boolean(history?.isWhole && task.startedOn && history.startedAt <= Date.parse(task.startedOn));

export const CostPanel = ({ task, histories, log }) => {
  const { executions, left } = histories;
  const isCut = left > 0 || !(log.hasAll || isFirst(executions[0]?.history, task));
  const cost = costOf({ task, executions, isCut, now: Date.now() });
  const nothing = histories.isLoading ? "being read …" : "not known: there is no history";
  const least = cost.isLeast ? "at least " : "";
  const rows = [
    [
      "Lambda",
      cost.lambdaSeconds,
      duration,
      "counted",
      "from each start of the worker to its answer, as Step Functions saw it",
    ],
    [
      "Invocations of the worker",
      cost.invocations,
      number,
      "counted",
      "each attempt that Lambda ran",
    ],
    [
      "State transitions",
      cost.transitions,
      number,
      "counted",
      "each state that was entered, and each retry",
    ],
    [
      "Requests to the table",
      cost.requests,
      number,
      "computed",
      "one of its trigger, one of each iteration, one more of each visit; checkpoints, children" +
        " and signals come on top",
    ],
  ];
  return html`
    <dl class="costs">
      ${rows.map(
        ([label, value, words, how, what]) => html`
          <div>
            <dt>${label}</dt>
            <dd>
              ${
                value == null
                  ? html`<span class="quiet">${nothing}</span>`
                  : html`<b>${least}${words(value)}</b> <span class="tag">${how}</span>`
              }
              <span class="quiet cost-what">${what}</span>
            </dd>
          </div>
        `,
      )}
    </dl>
  `;
};
