/**
 * A client of HTTP/2: many requests at once over one connection, trailers, hints, content both ways at the same time. It asks
 * the showcase (`deno task start`), which speaks HTTP/2 without TLS to whoever knows that it does; an `https` server is asked
 * by ALPN what it speaks.
 *
 * ```sh
 * deno run --allow-net=127.0.0.1 examples/http2_client.ts http://127.0.0.1:8000
 * ```
 *
 * @module
 */

import { HttpClient, protocolOf, trailersOf } from "@avx/http";

const origin = new URL(Deno.args[0] ?? "http://127.0.0.1:8000").origin;

// Without TLS a server can't be asked: `protocols` says what is known of it.
await using client = new HttpClient(origin.startsWith("https:") ? {} : { protocols: ["h2"] });

const hello = await client.fetch(`${origin}/hello`);
console.log(protocolOf(hello), hello.status, (await hello.text()).trim());

const paths = Array.from({ length: 100 }, (_, number) => `/hello?${number}`);
const texts = await Promise.all(paths.map(async (path) => await (await client.fetch(origin + path)).text()));
console.log("answers:", texts.length, "connections:", client.connections);

const hinted = await client.fetch(`${origin}/hints`, {
  onInformation: ({ status, headers }) => console.log("interim:", status, headers.get("link")),
});
await hinted.body?.cancel();

const trailing = await client.fetch(`${origin}/trailers`);
await trailing.text();
console.log("trailers:", [...(await trailersOf(trailing)).keys()].join(", "));

// What is sent comes back while more of it is still to be sent.
const words = ReadableStream.from(["one ", "after ", "the ", "other"]).pipeThrough(new TextEncoderStream());
const echoed = await client.fetch(`${origin}/echo`, { method: "POST", body: words });
console.log("echo:", await echoed.text());

// A stream that is given up is reset, and the connection goes on.
const endless = await client.fetch(`${origin}/delay?ms=60000`, { timeout: 100 }).catch((error) => error);
console.log(`${endless.name}: ${endless.message}`);
console.log("and still:", (await client.fetch(`${origin}/hello`)).status);
