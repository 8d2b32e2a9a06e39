// How many tasks there are: said beside the heading, and counted anew when somebody wants it.
import { html } from "../html.js";
import { number } from "../words.js";

// known: how many there are, where the list itself says so; else `counting`, of useOnce, does
export const Count = ({ known, counting }) => {
  if (known != null) return html`<span class="count">${number(known)}</span>`;
  const { data, isLoading, failure, again } = counting;
  const words = data ? `${data.isCapped ? "at least " : ""}${number(data.number)}` : "";
  return html`
    <span class="count" role="status">${words || (isLoading ? "…" : failure ? "not counted" : "")}</span>
    ${
      (data || failure) &&
      html`<button
      type="button"
      class="link"
      onClick=${again}
      disabled=${isLoading}
      title=${failure?.message}
    >
      Count<span class="unseen"> the tasks again</span>
    </button>`
    }
  `;
};
