// The lines of a task's log, as far as they were read.

// The logs of two pages as one, by their iterations. Of an iteration that both have, `more` has the
// newer one.
export const merged = (logs, more) => {
  const found = new Map(logs.map((log) => [log.iteration, log]));
  for (const log of more) found.set(log.iteration, log);
  return [...found.values()].sort((one, other) => one.iteration - other.iteration);
};

// Each line of the logs, in their order.
export const linesOf = (logs) =>
  logs.flatMap(({ iteration, executionName, items }) =>
    (items ?? []).map((line, place) => ({
      ...line,
      key: `${iteration}/${place}`,
      iteration,
      executionName,
      isFirst: place === 0,
    })),
  );

// Whether a line is one of those that are asked for.
//   onlyErrors; text: a part of its message, whatever its letters' case; iterations: [from, to]
export const isWanted = (line, { onlyErrors, text, iterations }) =>
  (!onlyErrors || line.type === "error") &&
  (!iterations || (line.iteration >= iterations[0] && line.iteration <= iterations[1])) &&
  (!text || haystackOf(line).includes(text.toLowerCase()));

// The command that shows all that the worker's process has said of a task. Whoever triggers one by
// hand gives it its id, and a person pastes this into a shell: quoted, an id is nothing but a text.
export const commandOf = (id) => `.venv/bin/python -m local logs --task ${quoted(id)}`;

const quoted = (text) =>
  /^[\w.:@%+=,/][\w.:@%+=,/-]*$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`;

const haystackOf = ({ message, data, error }) =>
  [message, data && JSON.stringify(data), error && JSON.stringify(error)]
    .filter(Boolean)
    .join("\n")
    .toLowerCase();
