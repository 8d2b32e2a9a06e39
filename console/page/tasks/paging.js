// Which page of the list the URL names: the cursors that led to it. Each page is a step in the
// browser's history, and a link to one shows the same.

export const PAGE = 50;
// The URL has to fit into a message: of a long way, only its end is remembered.
const MOST_CURSORS = 10;

// The page of a URLSearchParams: { number, cursors }. The first one has no cursors.
export const pageOf = (params) => {
  const cursors = params.getAll("after").filter(Boolean);
  const said = Number(params.get("page"));
  const isFine = Number.isSafeInteger(said) && said > cursors.length;
  return { cursors, number: isFine && cursors.length > 0 ? said : cursors.length + 1 };
};

export const cursorOf = ({ cursors }) => cursors.at(-1) ?? null;

// What `hrefTo` takes for a page.
export const pageParams = ({ cursors, number }) =>
  cursors.length > 0 ? { after: cursors, page: number } : {};

export const nextPage = ({ cursors, number }, cursor) => ({
  cursors: [...cursors, cursor].slice(-MOST_CURSORS),
  number: number + 1,
});

// The page before; null where it isn't known: the first page has none, and a long way is forgotten.
export const pageBefore = ({ cursors, number }) => {
  if (number === 1 || (cursors.length === 1 && number > 2)) return null;
  return { cursors: cursors.slice(0, -1), number: number - 1 };
};
