// A definition's docstring: what it is in a line, and the rest.

// { first, rest }: the first paragraph in one line; what follows keeps its lines.
export const partsOfDoc = (text) => {
  const [first, rest] = (text ?? "").trim().split(/\n\s*\n(.*)/s);
  return { first: first.replace(/\s*\n\s*/g, " "), rest: (rest ?? "").trimEnd() };
};
