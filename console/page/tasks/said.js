// A filter in words: its parts, each of which can be taken out, and the whole.
import { OPEN, STATUSES, moment } from "../words.js";
import { OVER, changed } from "./filter.js";
import { momentOf, secondsAgo, spelled } from "./moments.js";

const isSame = (some, others) =>
  some.length === others.length && some.every((s) => others.includes(s));

const since = (text) =>
  secondsAgo(text) == null ? `after ${moment(momentOf(text))}` : `in the last ${spelled(text)}`;

const until = (text) =>
  secondsAgo(text) == null ? `before ${moment(momentOf(text))}` : `more than ${spelled(text)} ago`;

const without = (values, value) => values.filter((each) => each !== value);

// The parts of a filter: { label, value, rest }, where `rest` is the filter without the part.
export const partsOf = (filter) => [
  ...filter.statuses.map((status) => ({
    label: "State",
    value: status,
    rest: changed(filter, { statuses: without(filter.statuses, status) }),
  })),
  ...filter.definitions.map((id) => ({
    label: "Definition",
    value: id,
    rest: changed(filter, { definitions: without(filter.definitions, id) }),
  })),
  ...one(filter, "name", "Name begins with"),
  ...filter.tags.map((tag) => ({
    label: "Tag",
    value: tag.join("="),
    rest: changed(filter, { tags: without(filter.tags, tag) }),
  })),
  ...filter.errors.map((code) => ({
    label: "Error",
    value: code,
    rest: changed(filter, { errors: without(filter.errors, code) }),
  })),
  ...one(filter, "since", "Created", since),
  ...one(filter, "until", "Created", until),
  ...filter.parents.map((id) => ({
    label: "Child of",
    value: id,
    rest: changed(filter, { parents: without(filter.parents, id) }),
  })),
];

const asItIs = (text) => text;

const one = (filter, name, label, words = asItIs) =>
  filter[name]
    ? [{ label, value: words(filter[name]), rest: changed(filter, { [name]: "" }) }]
    : [];

const either = (values) =>
  values.length < 2 ? values.join("") : `${values.slice(0, -1).join(", ")} or ${values.at(-1)}`;

const adjectives = ({ statuses }) => {
  if (statuses.length === 0 || statuses.length === STATUSES.length) return "";
  if (isSame(statuses, OPEN)) return "open";
  if (isSame(statuses, OVER)) return "ended";
  return either(statuses.map((status) => (status === "success" ? "successful" : status)));
};

// The tasks of a filter, for people: "failed tasks of exportUsers with the error NO_INDEX".
export const wordsOf = (filter) => {
  const { definitions, name, tags, errors, parents } = filter;
  const states = adjectives(filter);
  return [
    states ? `${states} tasks` : "tasks",
    definitions.length && `of ${either(definitions)}`,
    name && `whose names begin with “${name}”`,
    tags.length &&
      `with the tag${tags.length > 1 ? "s" : ""} ${tags.map((t) => t.join("=")).join(" and ")}`,
    errors.length && `with the error ${either(errors)}`,
    parents.length && `that are children of ${either(parents)}`,
    filter.since && `created ${since(filter.since)}`,
    filter.until && `created ${until(filter.until)}`,
  ]
    .filter(Boolean)
    .join(" ");
};
