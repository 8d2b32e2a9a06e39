// The queue of undelivered events, and that of the recovery's own failures.
import { html } from "../html.js";
import { Loading, Unanswered } from "../parts/notices.js";
import { duration, number } from "../words.js";
import { Section } from "./section.js";

const QUEUES = {
  deadLetters: {
    title: "Dead letters",
    what: "events that could not be delivered",
    next: "The recovery sends them again within 5 minutes. If they stay, look at its log.",
    link: "undelivered",
  },
  recoveryFailures: {
    title: "Failures of the recovery",
    what: "invocations that failed, and nobody has looked at",
    next: "Read one, mend what it says, and purge the queue.",
    link: "recoveryFailures",
  },
};

export const Queues = ({ live, stack }) => html`
  <${Section} id="queues" title="Queues">
    <${Unanswered} live=${live}>
      <p class="quiet">
        Your own AWS credentials are asked: they need sqs:GetQueueUrl and sqs:GetQueueAttributes,
        and cloudwatch:GetMetricStatistics for the age of the oldest.
      </p>
    <//>
    ${live.isLoading && html`<${Loading} what="the queues" />`}
    <ul class="tiles">
      ${(live.data ?? []).map(
        (queue) => html`<${Queue} key=${queue.name} queue=${queue} stack=${stack} />`,
      )}
    </ul>
  <//>
`;

const Queue = ({ queue, stack }) => {
  const { title, what, next, link } = QUEUES[queue.name];
  const isBad = queue.count > 0;
  const { oldestSeconds } = queue;
  const age = oldestSeconds == null ? "" : `; the oldest is ${duration(oldestSeconds)} old`;
  // The local AWS has no pages.
  const href = stack && !stack.isLocal ? stack.links[link] : null;
  return html`
    <li class=${isBad ? "tile tile-bad" : "tile"}>
      <h3>${title}</h3>
      <p class="tile-number">
        <span class=${`state state-${isBad ? "failed" : "success"}`}>
          <span class="sign" aria-hidden="true">${isBad ? "✕" : "✓"}</span>
          ${isBad ? `about ${number(queue.count)}` : "none"}
        </span>
      </p>
      <p class="quiet">${what}${age}</p>
      ${isBad && html`<p>${next}</p>`}
      ${href && html`<p><a href=${href} target="_blank" rel="noreferrer">The queue in AWS</a></p>`}
    </li>
  `;
};
