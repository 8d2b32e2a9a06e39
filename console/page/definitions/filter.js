// Which definitions are shown.

export const KINDS = {
  all: "All definitions",
  scheduled: "With a schedule",
  limited: "With a limit",
  paused: "Paused",
  failing: "With failures",
};

// Those whose id or title has all words of `text`, and that are of a kind of `KINDS`.
//   known: { scheduled, limited, paused, failing }, each a Set of ids
export const matching = (definitions, { text, kind }, known) => {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return definitions.filter(({ id, title }) => {
    const said = `${id} ${title}`.toLowerCase();
    return words.every((word) => said.includes(word)) && (known[kind]?.has(id) ?? true);
  });
};
