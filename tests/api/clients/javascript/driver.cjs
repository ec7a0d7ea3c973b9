// Runs steps through the AWS SDK for JavaScript. ../drivers.py says what goes in and what comes out.
"use strict";

const fs = require("node:fs");
const sdk = require("@aws-sdk/client-app-mesh");

const { version } = require("@aws-sdk/client-app-mesh/package.json");

function said({ $metadata, ...output }) {
  return { output, status: $metadata.httpStatusCode, requestId: $metadata.requestId };
}

async function answersOf(client, { operation, input, pages }) {
  if (!pages) return [said(await client.send(new sdk[`${operation}Command`](input)))];
  const { limit, ...rest } = input;
  const answers = [];
  for await (const page of sdk[`paginate${operation}`]({ client, pageSize: limit }, rest)) answers.push(said(page));
  return answers;
}

async function run(client, step) {
  try {
    const answers = await answersOf(client, step);
    const { status, requestId } = answers.at(-1);
    return { ok: true, pages: answers.map(({ output }) => output), status, requestId };
  } catch (error) {
    const { httpStatusCode: status, requestId } = error.$metadata ?? {};
    return { ok: false, error: error.constructor.name, message: error.message, status, requestId };
  }
}

async function main() {
  const [endpoint] = process.argv.slice(2);
  // One attempt: an error is to be seen, not retried.
  const client = new sdk.AppMeshClient({ maxAttempts: 1, ...(endpoint && { endpoint }) });
  console.log(JSON.stringify({ version }));
  for (const step of JSON.parse(fs.readFileSync(0, "utf8"))) {
    console.log(JSON.stringify(await run(client, step)));
  }
}

main();
