// What the page asks the console's server for; most of it is GraphQL, which that signs.

export const about = JSON.parse(document.getElementById("about").textContent);

// Why something has failed, in words for people.
//   code: of the API's errors, such as NOT_FOUND; data: what belongs to it
//   passes: whether the same may be asked again: nobody has answered
export class Failure extends Error {
  constructor({ message, code = null, data = null, passes = false }) {
    super(message);
    this.code = code;
    this.data = data;
    this.passes = passes;
  }
}

const ENDED = {
  message:
    "The console itself has ended. Next: start it again in a terminal, background-tasks console or" +
    " python -m local up, and open the URL that it prints.",
  passes: true,
};

// When somebody answers again: who that is, and what the caller may do there, may be another.
export const CAME_BACK = "came-back";
let isAway = false;

const failed = (failure) => {
  isAway ||= failure.passes;
  return failure;
};

const sent = async (path, options, signal) => {
  let response;
  try {
    response = await fetch(path, { ...options, signal, cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw failed(new Failure(ENDED));
  }
  if (!response.ok) throw new Failure({ message: await response.text() });
  const { data, error } = await response.json();
  if (error) throw failed(new Failure(error));
  if (isAway) {
    isAway = false;
    dispatchEvent(new Event(CAME_BACK));
  }
  return data;
};

// Something that the console's server knows: "about", "schedules".
export const get = (path, { signal } = {}) => sent(path, {}, signal);

// The same, of what changes something.
export const post = (path, body = {}, { signal } = {}) =>
  sent(path, { method: "POST", headers: JSON_TYPE, body: JSON.stringify(body) }, signal);

const JSON_TYPE = { "content-type": "application/json" };

// Asks the API: the operations of a document, each in its envelope { data, error, meta }.
//   tenant: whose tasks; the caller's own, where it is not said
//   repeats: whether it may be sent twice; a query may
export const ask = async (document, variables = {}, { tenant, signal, repeats } = {}) => {
  const isQuery = !document.trimStart().startsWith("mutation");
  const body = { query: document, variables, repeats: repeats ?? isQuery };
  // A header has Latin letters alone.
  const headers = tenant ? { ...JSON_TYPE, "x-tenant": encodeURIComponent(tenant) } : JSON_TYPE;
  const options = { method: "POST", headers, body: JSON.stringify(body) };
  return (await sent("graphql", options, signal)).backgroundTasks;
};

// The envelope of an operation that has succeeded. Throws its error.
export const opened = (envelope) => {
  if (envelope.error) throw new Failure(envelope.error);
  return envelope;
};

// Asks for one operation, and returns its envelope.
export const askOne = async (operation, document, variables, options) =>
  opened((await ask(document, variables, options))[operation]);
