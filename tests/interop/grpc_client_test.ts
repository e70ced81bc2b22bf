/**
 * Owns the tests of the client against a gRPC server of others' making, which Node runs. Must not know how either does it.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { HttpClient, trailersOf } from "../../mod.ts";
import { CERT_PATH } from "../server/interop_app.ts";
import { programTest } from "../programs.ts";
import { frameMessage, GrpcStatus, messagesOf } from "./grpc.ts";
import { NodeProgram } from "./node_program.ts";

/** The path of the certificate's key. */
const KEY_PATH = CERT_PATH.replace("cert.pem", "key.pem");

/** What came of a call. */
interface Outcome {
  readonly status: number;
  readonly message: string;
  readonly metadata: Headers;
  readonly trailers: Headers;
  readonly messages: readonly string[];
}

/** What a call is made with, beside its method. */
interface CallOptions {
  readonly body?: BodyInit;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
}

/** A gRPC client as small as one can be. */
class Caller {
  readonly #client: HttpClient;
  readonly #origin: string;

  constructor(client: HttpClient, origin: string) {
    this.#client = client;
    this.#origin = origin;
  }

  /** Begins a call. */
  begin(method: string, { body = frameMessage(""), headers = {}, signal }: CallOptions = {}): Promise<Response> {
    return this.#client.fetch(`${this.#origin}/test.Service/${method}`, {
      method: "POST",
      headers: { "content-type": "application/grpc", te: "trailers", ...headers },
      body,
      ...signal && { signal },
    });
  }

  /** Makes a call to its end. */
  async call(method: string, options?: CallOptions): Promise<Outcome> {
    const response = await this.begin(method, options);
    const messages: string[] = [];
    for await (const message of messagesOf(response.body)) messages.push(new TextDecoder().decode(message));
    const trailers = await trailersOf(response);
    const told = response.headers.has("grpc-status") ? response.headers : trailers;
    const message = decodeURIComponent(told.get("grpc-message") ?? "");
    return { status: Number(told.get("grpc-status")), message, metadata: response.headers, trailers, messages };
  }
}

/** A stream of framed messages. */
function streamOf(messages: Iterable<Uint8Array | string>): ReadableStream<Uint8Array<ArrayBuffer>> {
  return ReadableStream.from(Iterator.from(messages).map(frameMessage));
}

/** Says things one after the other, each once the one before was answered. */
async function chat(caller: Caller, turns: number): Promise<string[]> {
  const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
  const writer = writable.getWriter();
  const begun = caller.begin("Chat", { body: readable });
  await writer.write(frameMessage("turn 0"));
  const response = await begun;
  const heard: string[] = [];
  for await (const message of messagesOf(response.body)) {
    heard.push(new TextDecoder().decode(message));
    if (heard.length < turns) await writer.write(frameMessage(`turn ${heard.length}`));
    else await writer.close();
  }
  assertEquals((await trailersOf(response)).get("grpc-status"), "0");
  return heard;
}

for (const over of ["TCP", "TLS"] as const) {
  programTest(`HttpClient calls a service of grpc-js over ${over}`, { programs: ["deno", "node"] }, async (test) => {
    await using program = await NodeProgram.bundle("grpc_server");
    await using server = await program.start(...over === "TLS" ? [CERT_PATH, KEY_PATH] : []);
    const trust = over === "TLS" ? { tls: { caCerts: [await Deno.readTextFile(CERT_PATH)] } } : {};
    await using client = new HttpClient({ protocols: ["h2"], ...trust });
    const caller = new Caller(client, `http${over === "TLS" ? "s" : ""}://127.0.0.1:${server.port}`);

    await test.step("unary, with metadata both ways, before and behind the message", async () => {
      const headers = { "x-note": "noted", "x-data-bin": btoa("\0\xff") };
      const seen = await caller.call("Echo", { body: frameMessage("hello"), headers });
      assertEquals([seen.messages, seen.status], [["hello"], GrpcStatus.Ok]);
      assertEquals([seen.metadata.get("x-note-back"), seen.trailers.get("x-data-back-bin")], ["noted", "AP8="]);
      assertEquals((await caller.call("Echo")).messages, [""]);
      const large = await caller.call("Echo", { body: frameMessage("a".repeat(5_000_000)) });
      assertEquals(large.messages[0]?.length, 5_000_000);
    });
    await test.step("streams of the client's, of the server's, and of both", async () => {
      const lengths = Array.from({ length: 1_000 }, (_, length) => new Uint8Array(length));
      assertEquals((await caller.call("Collect", { body: streamOf(lengths) })).messages, [
        '{"count":1000,"octets":499500}',
      ]);
      assertEquals((await caller.call("Collect", { body: streamOf([]) })).messages, ['{"count":0,"octets":0}']);
      const repeated = await caller.call("Repeat", { body: frameMessage('{"count":1000,"length":5000}') });
      assertEquals([repeated.messages.length, repeated.status], [1_000, GrpcStatus.Ok]);
      assert(repeated.messages.every(({ length }) => length >= 1_000));
      assertEquals(await chat(caller, 50), Array.from({ length: 50 }, (_, turn) => `TURN ${turn}`));
    });
    await test.step("a status alone, and behind a message", async () => {
      const failed = await caller.call("Fail");
      assertEquals([failed.status, failed.message, failed.messages], [GrpcStatus.NotFound, "nothing there: ä", []]);
      const late = await caller.call("FailLate");
      assertEquals([late.status, late.message, late.messages], [GrpcStatus.ResourceExhausted, "no more", ["first"]]);
      assertEquals(late.trailers.get("x-retry"), "never");
      assertEquals((await caller.call("Unknown")).status, GrpcStatus.Unimplemented);
    });
    await test.step("deadlines", async () => {
      const late = await caller.call("Silent", { headers: { "grpc-timeout": "50m" } });
      assertEquals(late.status, GrpcStatus.DeadlineExceeded);
    });
    await test.step("calls that are cancelled, before an answer and within it", async () => {
      const before = Number((await caller.call("Cancelled")).messages[0]);
      const abort = new AbortController();
      const silent = caller.begin("Silent", { signal: abort.signal }).catch((error) => error);
      const repeated = await caller.begin("Repeat", {
        body: frameMessage('{"count":10000,"length":10000}'),
        signal: abort.signal,
      });
      const reader = repeated.body!.getReader();
      await reader.read();
      const response = await caller.begin("Repeat", { body: frameMessage('{"count":10000,"length":10000}') });
      await response.body?.cancel();
      abort.abort();
      assertEquals((await silent).name, "AbortError");
      await assertRejects(() => reader.read(), DOMException);
      for (let cancelled = before, tries = 0; cancelled < before + 3; tries++) {
        assert(tries < 1_000, `only ${cancelled - before} calls were cancelled`);
        cancelled = Number((await caller.call("Cancelled")).messages[0]);
      }
    });
    await test.step("many calls at once, over one connection", async () => {
      const calls = Array.from({ length: 500 }, (_, at) => caller.call("Echo", { body: frameMessage(`${at}`) }));
      assertEquals((await Promise.all(calls)).flatMap(({ messages }) => messages), calls.map((_, at) => `${at}`));
      const chats = await Promise.all(Array.from({ length: 50 }, () => chat(caller, 20)));
      assertEquals(chats.filter(({ length }) => length === 20).length, 50);
      assertEquals(client.connections, 1);
    });
  });
}
