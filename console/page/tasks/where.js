// A filter as the API's `listTasks` takes it.
import { STATUSES } from "../words.js";
import { momentOf } from "./moments.js";

const oneOrMany = (field, values) =>
  values.length > 1 ? { [`${field}_in`]: values } : { [field]: values[0] };

// The `where` of a filter at a moment: "2h" is two hours before it.
export const whereOf = (filter, now = Date.now()) => {
  const { statuses, definitions, name, tags, errors, since, until, parents } = filter;
  return {
    ...(isSome(statuses) && oneOrMany("taskStatus", statuses)),
    ...(definitions.length > 0 && oneOrMany("definitionId", definitions)),
    ...(name && { name_startsWith: name }),
    ...(tags.length > 0 && { tags: Object.fromEntries(tags) }),
    ...(errors.length > 0 && oneOrMany("errorCode", errors)),
    ...(since && { createdOn_gte: momentOf(since, now).toISOString() }),
    ...(until && { createdOn_lte: momentOf(until, now).toISOString() }),
    ...(parents.length > 0 && oneOrMany("parentId", parents)),
  };
};

const isSome = (statuses) => statuses.length > 0 && statuses.length < STATUSES.length;
