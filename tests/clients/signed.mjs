// A `fetch` that signs what it sends, as the users of other clients have one: by aws4fetch.
import { AwsClient } from "aws4fetch";

// What the test says: the API's URL, a key, and what else a script needs.
export const given = JSON.parse(process.argv[2]);

const { accessKeyId, secretAccessKey, region } = given;
const client = new AwsClient({ accessKeyId, secretAccessKey, region, service: "execute-api", retries: 0 });

export const sent = [];

export const signedFetch = async (url, init) => {
  sent.push(JSON.parse(init.body));
  return client.fetch(String(url), init);
};

export const answer = (value) => console.log(JSON.stringify(value));
