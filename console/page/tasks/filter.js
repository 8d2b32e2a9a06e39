// Which tasks are wanted, as the URL says it: the one way from there, and the one back.
//   #/tasks?status=failed&definition=export&name=Night&tag=customer%3D42&error=NO_INDEX&since=2h
import { OPEN, STATUSES } from "../words.js";
import { TAKEN, momentOf } from "./moments.js";

export const OVER = STATUSES.filter((status) => !OPEN.includes(status));
const GROUPS = { open: OPEN, over: OVER };

export const SORTERS = {
  createdOn_DESC: "Newest first",
  createdOn_ASC: "Oldest first",
  startedOn_DESC: "Latest start first",
  startedOn_ASC: "Earliest start first",
  finishedOn_DESC: "Latest end first",
  finishedOn_ASC: "Earliest end first",
  name_ASC: "Names, A to Z",
  name_DESC: "Names, Z to A",
};

// A filter that every task passes.
//   tags: [["customer", "42"]]; since, until: texts, so that "2h" stays two hours
//   problems: what the URL says that is no filter, in words for people
export const NOTHING = {
  statuses: [],
  definitions: [],
  name: "",
  tags: [],
  errors: [],
  since: "",
  until: "",
  parents: [],
  sort: "",
  problems: [],
};

// The filter of a URLSearchParams. What is none is left out, and among its `problems`.
export const filterOf = (params, now = Date.now()) => {
  const problems = [];
  const taken = (name, isFine, takes) =>
    texts(params, name).filter((text) => {
      if (isFine(text)) return true;
      problems.push(`“${short(text)}” is no ${name}: it takes ${takes}. It is left out.`);
      return false;
    });
  const moment = (name) => taken(name, (text) => momentOf(text, now), TAKEN)[0] ?? "";
  const statuses = taken(
    "status",
    (text) => STATUSES.includes(text) || Object.hasOwn(GROUPS, text),
    [...STATUSES, ...Object.keys(GROUPS)].join(", "),
  ).flatMap((text) => GROUPS[text] ?? [text]);
  const tags = taken("tag", (text) => text.indexOf("=") > 0, "a key and a value: customer=42");
  const filter = {
    statuses: STATUSES.filter((status) => statuses.includes(status)),
    definitions: texts(params, "definition"),
    name: params.get("name") ?? "",
    tags: [...new Map(tags.map(tagOf))],
    errors: texts(params, "error"),
    since: moment("since"),
    until: moment("until"),
    parents: texts(params, "parent"),
    sort:
      taken("sort", (text) => Object.hasOwn(SORTERS, text), Object.keys(SORTERS).join(", "))[0] ??
      "",
    problems,
  };
  const [from, to] = [filter.since, filter.until].map((text) => text && momentOf(text, now));
  if (from && to && from > to) problems.push("The time ends before it begins: no task is in it.");
  return filter;
};

const texts = (params, name) => [...new Set(params.getAll(name).filter((text) => text !== ""))];

const short = (text) => (text.length > 60 ? `${text.slice(0, 60)}…` : text);

// ["customer", "42"] of "customer=42"; a value may have more of "=".
export const tagOf = (text) => {
  const [key, value] = text.split(/=(.*)/s);
  return [key, value ?? ""];
};

// What `hrefTo` takes for a filter. All statuses are as good as none.
export const paramsOf = (filter) => ({
  status: filter.statuses.length === STATUSES.length ? [] : filter.statuses,
  definition: filter.definitions,
  name: filter.name,
  tag: filter.tags.map((tag) => tag.join("=")),
  error: filter.errors,
  since: filter.since,
  until: filter.until,
  parent: filter.parents,
  sort: filter.sort,
});

// The filter with something else in it. A sorter that no longer fits is forgotten.
export const changed = (filter, change) => {
  const next = { ...filter, ...change, problems: [] };
  return next.sort && !sortersFor(next).includes(next.sort) ? { ...next, sort: "" } : next;
};

export const isEverything = (filter) =>
  Object.keys(paramsOf(filter)).every(
    (name) => name === "sort" || paramsOf(filter)[name].length === 0,
  );

// Tasks of these have a partition of their own in the table, sorted by creation alone.
const isNarrow = ({ tags, errors, parents }) =>
  tags.length > 0 || errors.length > 0 || parents.length > 0;

// What the tasks of a filter can be sorted by. One that no task can have an answer to is left out:
// what has not started has no start, and what is open no end.
export const sortersFor = (filter) =>
  Object.keys(SORTERS).filter((sorter) => {
    if (isNarrow(filter)) return sorter.startsWith("createdOn");
    if (sorter.startsWith("finishedOn")) return !isWithin(filter.statuses, OPEN);
    if (sorter.startsWith("startedOn")) return !isWithin(filter.statuses, ["pending"]);
    return true;
  });

const isWithin = (statuses, group) =>
  statuses.length > 0 && statuses.every((status) => group.includes(status));

// What a filter is sorted by if nobody says it: a name has an index, in the order of names.
export const ownSorter = (filter) =>
  filter.name && !isNarrow(filter) ? "name_ASC" : "createdOn_DESC";

export const sorterOf = (filter) => filter.sort || ownSorter(filter);
