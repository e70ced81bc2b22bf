/**
 * Owns a service of Connect, described as a compiler of protocol buffers would do it, and a conversation with it over any
 * transport. Must not know what is right, nor by what it is carried.
 *
 * @module
 */

import { create, createFileRegistry } from "npm:@bufbuild/protobuf@^2.7.0";
import {
  file_google_protobuf_wrappers,
  FileDescriptorProtoSchema,
  StringValueSchema,
} from "npm:@bufbuild/protobuf@^2.7.0/wkt";
import { Code, ConnectError, createClient, createConnectRouter } from "npm:@connectrpc/connect@^2.1.0";

const text = { inputType: ".google.protobuf.StringValue", outputType: ".google.protobuf.StringValue" };
const file = create(FileDescriptorProtoSchema, {
  name: "test.proto",
  package: "test",
  syntax: "proto3",
  dependency: [file_google_protobuf_wrappers.proto.name],
  service: [{
    name: "Service",
    method: [
      { name: "Echo", ...text },
      { name: "Fail", ...text },
      { name: "Silent", ...text },
      { name: "Collect", ...text, clientStreaming: true },
      { name: "Repeat", ...text, serverStreaming: true },
      { name: "Chat", ...text, clientStreaming: true, serverStreaming: true },
    ],
  }],
});

const service = createFileRegistry(file, () => file_google_protobuf_wrappers).getService("test.Service");

/** Makes a message. */
function messageOf(value) {
  return create(StringValueSchema, { value });
}

const implementation = {
  echo({ value }, { requestHeader, responseHeader, responseTrailer }) {
    responseHeader.set("x-note-back", requestHeader.get("x-note") ?? "none");
    responseTrailer.set("x-trailer", "behind");
    return messageOf(value);
  },
  fail() {
    throw new ConnectError("nothing there: ä", Code.NotFound, { "x-retry": "never" });
  },
  /** Never answers. */
  silent(_request, { signal }) {
    return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  },
  async collect(requests) {
    let all = "";
    for await (const { value } of requests) all += value;
    return messageOf(all);
  },
  async *repeat({ value }) {
    for (let index = 0; index < Number(value); index++) yield await Promise.resolve(messageOf(`${index}`));
  },
  async *chat(requests) {
    for await (const { value } of requests) yield messageOf(value.toUpperCase());
  },
};

/** The universal handlers that answer for the service. */
export function handlers() {
  return createConnectRouter().service(service, implementation).handlers;
}

/** The code of the error that a call fails with, and what comes with it. */
async function failureOf(call) {
  try {
    await call;
    return { code: 0, message: "", metadata: null };
  } catch (error) {
    return { code: error.code, message: error.rawMessage, metadata: error.metadata?.get("x-retry") ?? null };
  }
}

/** Asks for what every transport can carry. */
export async function callSimply(transport) {
  const client = createClient(service, transport);
  const seen = {};
  const noted = {
    headers: { "x-note": "noted" },
    onHeader: (headers) => seen.header = headers.get("x-note-back"),
    onTrailer: (trailers) => seen.trailer = trailers.get("x-trailer"),
  };
  seen.echoed = (await client.echo(messageOf("hello ä"), noted)).value;
  seen.large = (await client.echo(messageOf("a".repeat(200_000)))).value.length;
  seen.failed = await failureOf(client.fail(messageOf("")));
  seen.late = (await failureOf(client.silent(messageOf(""), { timeoutMs: 50 }))).code;
  const abort = new AbortController();
  const silent = failureOf(client.silent(messageOf(""), { signal: abort.signal }));
  await client.echo(messageOf(""));
  abort.abort();
  seen.aborted = (await silent).code;
  seen.repeated = [];
  for await (const { value } of client.repeat(messageOf("5"))) seen.repeated.push(value);
  seen.begun = 0;
  const stop = new AbortController();
  const repeated = async () => {
    for await (const _ of client.repeat(messageOf("10000"), { signal: stop.signal })) {
      if (++seen.begun === 10) stop.abort();
    }
  };
  seen.stopped = (await failureOf(repeated())).code;
  const many = Array.from({ length: 100 }, async (_, index) => (await client.echo(messageOf(`${index}`))).value);
  seen.many = (await Promise.all(many)).filter((value, index) => value === `${index}`).length;
  return seen;
}

/** Asks for what needs streams of the client's. */
export async function callInStreams(transport) {
  const client = createClient(service, transport);
  const collected = await client.collect((async function* () {
    for (let index = 0; index < 100; index++) yield messageOf(`${index},`);
  })());
  const chatted = [];
  let answered = Promise.withResolvers();
  for await (
    const { value } of client.chat((async function* () {
      for (let turn = 0; turn < 20; turn++) {
        yield messageOf(`turn ${turn}`);
        await answered.promise;
        answered = Promise.withResolvers();
      }
    })())
  ) {
    chatted.push(value);
    answered.resolve();
  }
  return { collected: collected.value.length, chatted };
}
