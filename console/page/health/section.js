// A part of the view of the health, which the line at the top leads to.
import { html } from "../html.js";

const idOf = (id) => `health-${id}`;

export const Section = ({ id, title, children }) => html`
  <section class="panel" aria-labelledby=${idOf(id)}>
    <h2 id=${idOf(id)} tabindex="-1">${title}</h2>
    ${children}
  </section>
`;

// Goes there: a link within the page is no route.
export const goToSection = (id) => document.getElementById(idOf(id))?.focus();
