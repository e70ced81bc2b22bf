/**
 * Owns the proof that no request is ever sent twice unless nothing of it was processed and it may be repeated
 * (RFC 9110 §9.2.2).
 *
 * @module
 */

import { assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import { ConnectionLostError, type FetchInit, HttpClient } from "../../client/mod.ts";
import { memoryNetwork, type Transport } from "../../net/mod.ts";
import { OK, type Peer, rejection, type Stage, stage, until } from "./peer.ts";

/** A client with one connection that was used once and is idle; the peer's end of that. */
async function warm(set: Stage): Promise<Peer> {
  const response = set.client.fetch("http://localhost/");
  const peer = await set.accept();
  await peer.answer();
  await (await response).text();
  return peer;
}

const streamed = (): ReadableStream<Uint8Array<ArrayBuffer>> => new Blob(["hello"]).stream();

/** Requests, and whether they may be sent again when a reused connection ends without an octet of an answer. */
const REQUESTS: [string, () => FetchInit, boolean][] = [
  ["GET", () => ({}), true],
  ["HEAD", () => ({ method: "HEAD" }), true],
  ["OPTIONS", () => ({ method: "OPTIONS" }), true],
  ["PUT of a string", () => ({ method: "PUT", body: "hello" }), true],
  ["PUT of a Blob", () => ({ method: "PUT", body: new Blob(["hello"]) }), true],
  ["DELETE", () => ({ method: "DELETE" }), true],
  ["PUT of a stream", () => ({ method: "PUT", body: streamed() }), false],
  ["POST of a string", () => ({ method: "POST", body: "hello" }), false],
  ["POST of a stream", () => ({ method: "POST", body: streamed() }), false],
  ["POST of nothing", () => ({ method: "POST" }), false],
  ["PATCH", () => ({ method: "PATCH", body: "hello" }), false],
  ["a method that nobody knows", () => ({ method: "FROB" }), false],
];

for (const [name, init, again] of REQUESTS) {
  Deno.test(`HttpClient.fetch sends a ${name} ${again ? "again" : "once"} where a reused connection dies unanswered`, async () => {
    using set = stage();
    const peer = await warm(set);
    const response = set.client.fetch("http://localhost/", init());
    response.catch(() => {}); // looked at below
    const first = await peer.head();
    if (/content-length: 5/.test(first)) await peer.readText(5);
    peer.close();
    if (again) {
      const second = await set.accept();
      assertEquals(await second.head(), first);
      if (/content-length: 5/.test(first)) assertEquals(await second.readText(5), "hello");
      await second.write(OK);
      assertEquals((await response).status, 200);
      return;
    }
    const error = await rejection(response);
    assertInstanceOf(error, TypeError);
    assertInstanceOf(error.cause, ConnectionLostError);
    assertMatch(
      error.message,
      /reused connection ended before the response: .* sent once, and may have been processed/,
    );
    assertEquals([error.cause.reused, error.cause.mayHaveBeenProcessed, set.dials], [true, true, 1]);
  });
}

Deno.test("HttpClient.fetch sends no POST over a connection that ended together with its last response", async () => {
  for (const init of [{ method: "POST", body: "hello" }, { method: "POST", body: streamed() }, {}]) {
    using set = stage();
    const first = set.client.fetch("http://localhost/");
    const peer = await set.accept();
    await peer.head();
    const next = first.then(async (response) => {
      await response.text();
      return await set.client.fetch("http://localhost/", init);
    });
    void peer.write(OK);
    void peer.end();
    const other = await set.accept();
    const head = await other.head();
    if (init.body !== undefined) assertMatch(await other.readUntil("hello"), /hello$/);
    await other.write(OK);
    assertEquals([(await next).status, set.dials], [200, 2], head);
  }
});

Deno.test("HttpClient.fetch sends nothing again over a connection that was not used before", async () => {
  using set = stage();
  const response = set.client.fetch("http://localhost/");
  const peer = await set.accept();
  await peer.head();
  peer.close();
  const error = await rejection(response);
  assertInstanceOf(error, TypeError);
  assertInstanceOf(error.cause, ConnectionLostError);
  assertEquals([error.cause.reused, set.dials], [false, 1]);
});

Deno.test("HttpClient.fetch sends nothing again once an octet of an answer has come", async () => {
  for (const octets of ["H", "HTTP/1.1 102 \r\n\r\n", "HTTP/1.1 200 OK\r\nconten"]) {
    using set = stage();
    const peer = await warm(set);
    const response = set.client.fetch("http://localhost/");
    await peer.answer(octets);
    await peer.end();
    assertInstanceOf((await rejection(response) as Error).cause, ConnectionLostError, octets);
    assertEquals(set.dials, 1, octets);
  }
});

Deno.test("HttpClient.fetch gives up after the third connection that dies unanswered", async () => {
  using set = stage({ limits: { maxConnectionsPerOrigin: 3 } });
  const all = [0, 1, 2].map(() => set.client.fetch("http://localhost/"));
  const peers = await Promise.all(all.map(() => set.accept()));
  for (const peer of peers) await peer.answer();
  for (const response of all) await (await response).text();
  const response = set.client.fetch("http://localhost/");
  response.catch(() => {}); // looked at below
  const dies = peers.map(async (peer) => {
    await peer.head().catch(() => {}); // those that are idle are closed by the client
    peer.close();
  });
  await Promise.all(dies);
  const fresh = await set.accept();
  assertEquals(set.dials, 4, "the idle ones were not trusted any more");
  await fresh.head();
  fresh.close();
  assertInstanceOf(await rejection(response), TypeError);
  assertEquals(set.dials, 4, "the fresh one is no stale one");
});

/** A client whose first connection takes its second write no more, as when a server has gone without a word. */
function dyingClient(): { client: HttpClient; accept: () => Promise<Transport>; writes: string[] } {
  const { listener, connect } = memoryNetwork();
  const writes: string[] = [];
  let dials = 0;
  const client = new HttpClient({
    connect: async ({ signal }) => {
      const transport = await connect({ signal });
      if (dials++ > 0) return transport;
      const write = transport.write.bind(transport);
      transport.write = (bytes) => {
        writes.push(new TextDecoder().decode(bytes));
        return writes.length === 1 ? write(bytes) : Promise.reject(new Deno.errors.BrokenPipe("gone"));
      };
      return transport;
    },
  });
  return { client, accept: () => listener.accept(), writes };
}

Deno.test("HttpClient.fetch gives even a POST to another connection where no octet of it has left", async () => {
  const { client, accept, writes } = dyingClient();
  using _client = client;
  const answer = async (transport: Transport): Promise<string> => {
    const bytes = new Uint8Array(1024);
    const count = await transport.read(bytes);
    await transport.write(new TextEncoder().encode(OK));
    return new TextDecoder().decode(bytes.subarray(0, count ?? 0));
  };
  const first = client.fetch("http://localhost/");
  const stale = await accept();
  await answer(stale);
  await (await first).text();
  const post = client.fetch("http://localhost/", { method: "POST", body: "hello" });
  await until(() => writes.length === 2);
  stale.close();
  assertMatch(await answer(await accept()), /^POST [^]*hello$/);
  assertEquals((await post).status, 200);
  const unsent = dyingClient();
  using _unsent = unsent.client;
  const warmUp = unsent.client.fetch("http://localhost/");
  const other = await unsent.accept();
  await answer(other);
  await (await warmUp).text();
  const stream = unsent.client.fetch("http://localhost/", { method: "POST", body: streamed() });
  await until(() => unsent.writes.length === 2);
  other.close();
  const error = await rejection(stream);
  assertInstanceOf(error, TypeError);
  assertInstanceOf(error.cause, ConnectionLostError);
  assertEquals(error.cause.mayHaveBeenProcessed, false, "but its stream was begun");
});

Deno.test("HttpClient.fetch reads the answer that comes though the request could not be sent whole", async () => {
  const { listener, connect } = memoryNetwork();
  const failed = Promise.withResolvers<void>();
  await using client = new HttpClient({
    connect: async ({ signal }) => {
      const transport = await connect({ signal });
      const write = transport.write.bind(transport);
      let writes = 0;
      transport.write = (bytes) => {
        if (writes++ === 0) return write(bytes);
        failed.resolve();
        return Promise.reject(new Deno.errors.BrokenPipe("the server reads no more"));
      };
      return transport;
    },
  });
  const cancelled = Promise.withResolvers<unknown>();
  const body = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(64 * 1024)),
    cancel: (reason) => cancelled.resolve(reason),
  });
  const response = client.fetch("http://localhost/", { method: "PUT", body });
  const peer = await listener.accept();
  await failed.promise;
  await peer.write(new TextEncoder().encode("HTTP/1.1 413 Content Too Large\r\ncontent-length: 2\r\n\r\nno"));
  assertEquals([(await response).status, await (await response).text()], [413, "no"]);
  await cancelled.promise;
  await until(() => client.connections === 0);
});
