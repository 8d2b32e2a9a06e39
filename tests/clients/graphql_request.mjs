// graphql-request: one document, its error, and a batch.
import { GraphQLClient, gql } from "graphql-request";
import { answer, given, signedFetch } from "./signed.mjs";

const client = new GraphQLClient(given.url, { fetch: signedFetch });

const trigger = gql`
  mutation Trigger($definition: String!, $input: JSON) {
    backgroundTasks {
      triggerTask(definition: $definition, input: $input) {
        data { id definitionId }
        error { message code data }
      }
    }
  }
`;
const get = gql`
  query Get($id: ID!) {
    backgroundTasks { getTask(id: $id) { data { id taskStatus } error { code } } }
  }
`;

const triggered = await client.request(trigger, { definition: "testingRun" });
const { id } = triggered.backgroundTasks.triggerTask.data;
const unknown = await client.request(trigger, { definition: "nope" });
const batch = await client.batchRequests([
  { document: get, variables: { id } },
  { document: get, variables: { id: "nobody" } },
]);
let wrong;
try {
  await client.request("{ nope }");
} catch (error) {
  wrong = { status: error.response.status, message: error.response.errors[0].message };
}
answer({
  id,
  unknown: unknown.backgroundTasks.triggerTask.error,
  found: batch.map((each) => each.data.backgroundTasks.getTask),
  wrong,
});
