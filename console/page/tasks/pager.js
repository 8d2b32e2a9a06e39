// The way from page to page, as links: the browser's own way back works.
import { html } from "../html.js";
import { nextPage, pageBefore } from "./paging.js";

// href: (page) => the link to a page
export const Pager = ({ page, cursor, href }) => {
  if (page.number === 1 && !cursor) return "";
  const before = pageBefore(page);
  const first = { cursors: [], number: 1 };
  return html`
    <nav class="row pager" aria-label="Pages">
      ${page.number > 1 && html`<a class="button" href=${href(first)}>First page</a>`}
      ${before && before.number > 1 && html`<a class="button" href=${href(before)}>Previous page</a>`}
      <span class="quiet">Page ${page.number}</span>
      ${
        cursor
          ? html`<a class="button" href=${href(nextPage(page, cursor))} rel="next">Next page</a>`
          : html`<span class="quiet">It is the last one.</span>`
      }
    </nav>
  `;
};
