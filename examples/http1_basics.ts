/**
 * HTTP/1.1 from both sides: a small server, and a client that asks it for what `fetch` can't show.
 *
 * ```sh
 * deno run --allow-net=127.0.0.1 examples/http1_basics.ts
 * ```
 *
 * @module
 */

import { ClientError, HttpClient, serve, trailersOf, withTrailers } from "@avx/http";

/** Says what it is asked, and shows what HTTP/1.1 has beside requests and responses. */
async function handler(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  switch (pathname) {
    case "/hello":
      return new Response("Hello, World!");
    case "/sum": {
      const numbers: number[] = await request.json();
      return Response.json({ sum: numbers.reduce((sum, number) => sum + number, 0) });
    }
    case "/upload": { // a stream in, counted as it comes; what the client says behind it comes back behind the answer
      let length = 0;
      for await (const chunk of request.body ?? []) length += chunk.length;
      const sent = await trailersOf(request);
      return withTrailers(new Response(`${length} bytes`), { "x-received-digest": sent.get("x-digest") ?? "none" });
    }
    case "/old":
      return new Response(null, { status: 308, headers: { location: "/hello" } });
    case "/never":
      return await new Promise(() => {});
    default:
      return new Response("Not found", { status: 404 });
  }
}

await using server = serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request, info) => {
  if (request.url.endsWith("/hello")) await info.inform(103, { link: "</style.css>; rel=preload; as=style" });
  return await handler(request);
});
const origin = `http://127.0.0.1:${server.addr.port}`;

// One client for the whole program: it keeps its connections. Every wait has a deadline, which `timeouts` may change.
await using client = new HttpClient({ timeouts: { head: 10_000 } });

const hello = await client.fetch(`${origin}/hello`, {
  onInformation: ({ status, headers }) => console.log("interim:", status, headers.get("link")),
});
console.log("hello:", hello.status, await hello.text());

const sum = await client.fetch(`${origin}/sum`, { method: "POST", body: JSON.stringify([1, 2, 3]) });
console.log("sum:", await sum.json());

const parts = ReadableStream.from(["one ", "part ", "after another"]).pipeThrough(new TextEncoderStream());
const upload = await client.fetch(`${origin}/upload`, {
  method: "POST",
  body: parts,
  trailers: () => ({ "x-digest": "known only now" }), // asked for once the body was sent
});
console.log("upload:", await upload.text(), "| behind it:", (await trailersOf(upload)).get("x-received-digest"));

const moved = await client.fetch(`${origin}/old`);
console.log("redirected:", moved.redirected, await moved.text());
console.log("connections used for all that:", client.connections);

await client.fetch(`${origin}/never`, { timeout: 100 }) // milliseconds, redirects and body included
  .catch((error: DOMException) => console.log(`${error.name}: ${error.message}`));

// A handler can be asked without any network, as tests do.
await using memory = HttpClient.over(handler);
console.log("in memory:", (await memory.fetch("http://app/missing")).status);

client.close();
const late = await client.fetch(`${origin}/hello`).catch((error: TypeError) => error.cause);
console.log("closed:", late instanceof ClientError && late.message);
await server.shutdown({ signal: AbortSignal.abort() }); // `/never` is still under way
