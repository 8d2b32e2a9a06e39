// What is said in the place of something that is not there.
import { html } from "../html.js";

export const Loading = ({ what }) => html`<p class="quiet" role="status">Loading ${what} …</p>`;

export const Empty = ({ children }) => html`<p class="empty">${children}</p>`;

// What has failed, and whether the page goes on trying: else whoever reads it may.
export const Failed = ({ failure, isTrying = failure.passes }) => html`
  <div class="notice notice-failed" role="alert">
    <p>${failure.message}</p>
    ${failure.code && html`<p class="code">${failure.code}</p>`}
    ${
      isTrying
        ? html`<p>It is tried again by itself.</p>`
        : failure.passes && html`<p>Try it again in a moment.</p>`
    }
  </div>
`;

// What useLive says: of data that is there, only that it is old.
export const Stale = ({ failure }) => html`
  <div class="notice notice-stale" role="status">
    <p>No answer: what is shown may be old. It is tried again by itself.</p>
    <p class="quiet">${failure.message}</p>
  </div>
`;

// What useLive says where nobody has answered: of data that is there, that it is old.
//   children: what the page needs to be answered, shown with a failure
export const Unanswered = ({ live: { failure, isStale }, children }) => {
  if (!failure) return "";
  return isStale
    ? html`<${Stale} failure=${failure} />`
    : html`<${Failed} failure=${failure} />${children}`;
};
