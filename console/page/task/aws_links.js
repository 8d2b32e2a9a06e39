// Links into the AWS console, made from those that the stack has.

// A minute on both sides: what the worker's process says around the iteration.
const AROUND_MS = 60_000;

const isPage = (url) => typeof url === "string" && url.startsWith("https://");

// The page of an execution; null: there is no such console.
export const executionLink = (links, name) => {
  const machine = links?.executions;
  const [page, arn] = isPage(machine) ? machine.split("#/statemachines/view/") : [];
  if (!arn || !name) return null;
  return `${page}#/v2/executions/details/${arn.replace(":stateMachine:", ":execution:")}:${name}`;
};

// The pages of the workers' logs, at the lines of some iterations of a task: { worker: url }.
//   iterations: [from, to]; from, to: the time that they were in, in milliseconds
export const logLinks = (links, { task, iterations, from, to }) => {
  const pattern = encoded(patternOf(task, iterations));
  const span = `$26start$3D${from - AROUND_MS}$26end$3D${to + AROUND_MS}`;
  return Object.fromEntries(
    Object.entries(links ?? {})
      .filter(([name, url]) => /^workerLog$|WorkerLog$/.test(name) && isPage(url))
      .map(([name, url]) => [
        name === "workerLog" ? "default" : name.replace(/WorkerLog$/, ""),
        `${url}/log-events$3FfilterPattern$3D${pattern}${span}`,
      ]),
  );
};

// A filter of CloudWatch Logs for lines that are JSON (CloudWatch Logs guide, "Filter pattern
// syntax").
export const patternOf = (task, iterations) => {
  const own = `$.task_id = ${JSON.stringify(task)}`;
  if (!iterations) return `{ ${own} }`;
  const [from, to] = iterations;
  const numbers =
    from === to ? `$.iteration = ${from}` : `$.iteration >= ${from} && $.iteration <= ${to}`;
  return `{ ${own} && ${numbers} }`;
};

// The console decodes this part of the URL twice, and writes "$" for "%".
const encoded = (text) => encodeURIComponent(encodeURIComponent(text)).replaceAll("%", "$");
