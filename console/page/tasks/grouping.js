// Failed tasks by the code of their error, and within it by definition.

// The groups, the largest first: { code, count, newest, definitions: [{ id, count, newest }] }.
// `newest` is the task that has ended last. A task may have no code: null.
export const groupsOf = (tasks) =>
  by(tasks, ({ errorCode }) => errorCode ?? null).map(([code, own]) => ({
    code,
    count: own.length,
    newest: newestOf(own),
    definitions: by(own, ({ definitionId }) => definitionId).map(([id, some]) => ({
      id,
      count: some.length,
      newest: newestOf(some),
    })),
  }));

const by = (tasks, keyOf) => {
  const found = new Map();
  for (const task of tasks) {
    const key = keyOf(task);
    if (!found.has(key)) found.set(key, []);
    found.get(key).push(task);
  }
  return [...found].sort(([, some], [, others]) => others.length - some.length);
};

const newestOf = (tasks) => tasks.reduce((one, other) => (endOf(other) > endOf(one) ? other : one));

const endOf = ({ finishedOn, createdOn }) => finishedOn ?? createdOn ?? "";

// Texts in lists of at most so many.
export const batches = (values, size) =>
  Array.from({ length: Math.ceil(values.length / size) }, (_, number) =>
    values.slice(number * size, (number + 1) * size),
  );

// The groups with the counts of the API: `counts` has { number, isCapped } by code. The largest is
// the first again.
export const counted = (groups, counts) =>
  groups
    .map((group) => ({ ...group, total: counts.get(group.code) ?? null }))
    .sort((one, other) => numberOf(other) - numberOf(one));

export const numberOf = ({ total, count }) => Math.max(total?.number ?? 0, count);
