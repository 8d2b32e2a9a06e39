// Apollo's client with its batch link: what is asked for in one moment goes in one request.
import { ApolloClient, ApolloLink, InMemoryCache, gql } from "@apollo/client/core/index.js";
import { BatchHttpLink } from "@apollo/client/link/batch-http/index.js";
import { answer, given, sent, signedFetch } from "./signed.mjs";

const link = new BatchHttpLink({
  uri: given.url,
  fetch: signedFetch,
  batchMax: 10,
  batchInterval: 20,
  headers: { "x-i18n-locale": "default:en-US;content:de-DE;" },
});
const client = new ApolloClient({ link, cache: new InMemoryCache() });

const trigger = gql`
  mutation TriggerTask($definition: WebinyBackgroundTaskDefinitionEnum!) {
    backgroundTasks {
      triggerTask(definition: $definition) {
        data { id name taskStatus createdBy { id displayName type } }
        error { message code data }
      }
    }
  }
`;
const definitions = gql`
  query ListDefinitions {
    backgroundTasks {
      listDefinitions { data { id title description } error { message code data } }
    }
  }
`;
const list = gql`
  query ListTasks($where: WebinyBackgroundTaskListWhereInput, $limit: Int) {
    backgroundTasks {
      listTasks(where: $where, limit: $limit, sort: [createdOn_DESC]) {
        data { id definitionId }
        meta { cursor hasMoreItems totalCount }
        error { message code data }
      }
    }
  }
`;

const variables = { definition: "testingRun" };
const made = await Promise.all([
  client.mutate({ mutation: trigger, variables }),
  client.mutate({ mutation: trigger, variables }),
  client.query({ query: definitions }),
]);
const batch = sent.at(-1);
const ids = made.slice(0, 2).map((each) => each.data.backgroundTasks.triggerTask.data.id);
const many = await Promise.allSettled(
  Array.from({ length: 25 }, (_, number) =>
    client.query({
      query: list,
      variables: { where: { id_in: ids }, limit: number + 2 },
      fetchPolicy: "no-cache",
    }),
  ),
);
answer({
  ids,
  definitions: made[2].data.backgroundTasks.listDefinitions.data.map((each) => each.id),
  batch: batch.map((each) => each.operationName),
  sizes: sent.slice(1).map((each) => each.length),
  found: many.map((each) => each.value?.data.backgroundTasks.listTasks.data?.length ?? String(each.reason)),
});
