"use strict";
// GraphiQL for this API. What it sends is signed with the key that somebody has typed: it is kept
// in a variable of this page, and nowhere else.
(() => {
  const url = location.origin + location.pathname;
  const keys = document.getElementById("keys");
  const root = ReactDOM.createRoot(document.getElementById("graphiql"));
  const hosted = /\.execute-api\.([a-z0-9-]+)\./.exec(location.hostname);
  keys.elements.region.value = hosted ? hosted[1] : "us-east-1";

  const show = (send, version) => {
    const fetcher = GraphiQL.createFetcher({ url, fetch: send });
    const options = { key: version, fetcher, shouldPersistHeaders: false, defaultQuery: query };
    root.render(React.createElement(GraphiQL, options));
  };

  const signing = ({ tenant, ...key }) => {
    const client = new aws4fetch.AwsClient({ ...key, service: "execute-api", retries: 0 });
    const own = tenant ? { "x-tenant": tenant } : {};
    return (target, init) =>
      client.fetch(target, { ...init, headers: { ...own, ...init.headers } });
  };

  const query = `# Tasks of your tenant, the newest first.
{
  backgroundTasks {
    listTasks(limit: 10) {
      data { id name definitionId taskStatus createdOn }
      error { message code data }
    }
  }
}
`;

  let version = 0;
  keys.addEventListener("submit", (event) => {
    event.preventDefault();
    const key = Object.fromEntries(new FormData(keys));
    if (!key.sessionToken) delete key.sessionToken;
    document.getElementById("signer").value = key.accessKeyId;
    document.getElementById("signing").open = false;
    show(signing(key), ++version);
  });
  show((target, init) => fetch(target, init), version);
})();
