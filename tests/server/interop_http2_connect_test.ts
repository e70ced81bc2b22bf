/**
 * Owns the tests of a server by Connect: its universal handlers answer, and its clients for Node and the web ask, by each of
 * its three protocols. Must not know how either does it.
 *
 * @module
 */

import { Code } from "npm:@connectrpc/connect@^2.1.0";
import type { UniversalHandler } from "npm:@connectrpc/connect@^2.1.0/protocol";
import { createConnectTransport, createGrpcWebTransport } from "npm:@connectrpc/connect-web@^2.1.0";
import { assertEquals } from "@std/assert";
import { HttpClient, serve, type ServeInfo, withTrailers } from "../../mod.ts";
import { NodeProgram } from "../interop/node_program.ts";
import { callSimply, handlers } from "../interop/programs/connect_service.mjs";
import { programTest } from "../programs.ts";
import { CERT_PATH } from "./interop_app.ts";

/** Lets Connect answer a request. */
async function answer(
  byPath: ReadonlyMap<string, UniversalHandler>,
  request: Request,
  info: ServeInfo,
): Promise<Response> {
  const handler = byPath.get(new URL(request.url).pathname);
  if (handler === undefined) return new Response(null, { status: 404 });
  const { status, header, body, trailer } = await handler({
    httpVersion: info.protocol === "HTTP/2" ? "2" : "1.1",
    method: request.method,
    url: request.url,
    header: request.headers,
    body: request.body ?? ReadableStream.from<Uint8Array>([]),
    signal: request.signal,
  });
  const content = body === undefined ? null : ReadableStream.from(body);
  const response = new Response(content, { status, ...header && { headers: header } });
  return withTrailers(response, () => trailer ?? {});
}

/** A server on a free port. */
async function start(over: "TCP" | "TLS") {
  const key = await Deno.readTextFile(new URL("../net/testdata/key.pem", import.meta.url));
  const cert = await Deno.readTextFile(CERT_PATH);
  const byPath = new Map(handlers().map((handler) => [handler.requestPath, handler]));
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {}, ...over === "TLS" && { key, cert } };
  const server = serve(options, (request, info) => answer(byPath, request, info));
  return { server, cert, origin: `http${over === "TLS" ? "s" : ""}://127.0.0.1:${server.addr.port}` };
}

/** What a conversation sees where all is well. */
const SIMPLE = {
  header: "noted",
  trailer: "behind",
  echoed: "hello ä",
  large: 200_000,
  failed: { code: Code.NotFound, message: "nothing there: ä", metadata: "never" },
  late: Code.DeadlineExceeded,
  aborted: Code.Canceled,
  begun: 10,
  stopped: Code.Canceled,
  repeated: ["0", "1", "2", "3", "4"],
  many: 100,
};
const STREAMED = { collected: 290, chatted: Array.from({ length: 20 }, (_, turn) => `TURN ${turn}`) };

for (const over of ["TCP", "TLS"] as const) {
  programTest(`Connect's client for Node over ${over}`, { programs: ["deno", "node"] }, async (test) => {
    await using program = await NodeProgram.bundle("connect_client");
    const { server, origin } = await start(over);
    await using _server = server;
    // deno-lint-ignore no-explicit-any
    const seen: any = await program.run(origin, ...over === "TLS" ? [CERT_PATH] : []);
    assertEquals(Object.keys(seen).length, 6);
    for (const [name, simple] of Object.entries<typeof seen>(seen)) {
      await test.step(name, () => {
        assertEquals(simple, name.includes("HTTP/1.1") ? SIMPLE : { ...SIMPLE, ...STREAMED });
      });
    }
  });

  for (
    const [protocol, createTransport] of [["connect", createConnectTransport], [
      "gRPC-web",
      createGrpcWebTransport,
    ]] as const
  ) {
    Deno.test(`Connect's client for the web over ${over}, by ${protocol}`, async (test) => {
      const { server, cert, origin } = await start(over);
      await using _server = server;
      using platform = Deno.createHttpClient({ caCerts: [cert] });
      await using client = new HttpClient({ tls: { caCerts: [cert] } });
      const ours: typeof fetch = (input, init) => client.fetch(input, init);
      const theirs: typeof fetch = (input, init) => fetch(input, { ...init, client: platform });
      for (const [name, by] of [["HttpClient", ours], ["fetch()", theirs]] as const) {
        await test.step(`over ${name}`, async () => {
          assertEquals(await callSimply(createTransport({ baseUrl: origin, fetch: by })), SIMPLE);
        });
      }
    });
  }
}
