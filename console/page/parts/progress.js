// How far a task says it is: a bar, a share, a rate, and what is left.
import { html } from "../html.js";
import { duration, number } from "../words.js";

export const shareOf = ({ done, total }) => (total ? Math.min(1, done / total) : null);

const rateOf = (rate) => (rate >= 10 ? number(Math.round(rate)) : Number(rate.toPrecision(2)));

export const Progress = ({ progress, isShort = false }) => {
  if (!progress) return "";
  const { done, total, rate, remainingSeconds } = progress;
  const share = shareOf(progress);
  const percent = share == null ? null : Math.floor(share * 100);
  const counted = total ? `${number(done)} of ${number(total)}` : number(done);
  const pace = [
    rate ? `${rateOf(rate)} a second` : "",
    remainingSeconds ? `${duration(remainingSeconds)} left` : "",
  ].filter(Boolean);
  return html`
    <div class="progress">
      ${
        share != null &&
        html`<progress max="1" value=${share} aria-label=${`${percent}% done`}></progress>`
      }
      <span class="progress-words">
        ${isShort && percent != null ? `${percent}%` : counted}
        ${pace.length > 0 && html`<span class="quiet"> · ${pace.join(", ")}</span>`}
      </span>
    </div>
  `;
};
