// Where the focus goes when a part of a form comes or goes.

const FIELDS = "input, select, textarea, .add";

// Puts it into an element: of several fields, into the first one.
export const focusWithin = (element) => {
  const first = element?.matches(`button, ${FIELDS}`) ? element : element?.querySelector(FIELDS);
  (first ?? element)?.focus();
};
