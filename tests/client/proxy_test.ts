import { assertEquals } from "@std/assert";
import { gzipSync } from "node:zlib";
import { HttpClient } from "../../client/mod.ts";
import { memoryNetwork } from "../../net/mod.ts";
import { serve } from "../../server/mod.ts";

/** What a client gets of content that a server behind another one sends gzipped, and its `content-encoding`. */
async function throughProxy(
  options: { readonly decompress: boolean },
): Promise<[bytes: Uint8Array, coding: string | null]> {
  const behind = memoryNetwork();
  const front = memoryNetwork();
  const headers = { "content-encoding": "gzip", "content-type": "text/plain" };
  await using _origin = serve(
    { listener: behind.listener },
    () => new Response(new Uint8Array(gzipSync("hello")), { headers }),
  );
  using inner = new HttpClient({ ...options, connect: (dial) => behind.connect(dial) });
  await using _proxy = serve({ listener: front.listener }, () => inner.fetch("http://origin/"));
  using outer = new HttpClient({ connect: (dial) => front.connect(dial) });
  const response = await outer.fetch("http://proxy/");
  return [await response.bytes(), response.headers.get("content-encoding")];
}

Deno.test("A server sends a fetched response on as it was received, its content coding with it", async () => {
  assertEquals(await throughProxy({ decompress: false }), [new Uint8Array(gzipSync("hello")), "gzip"]);
});

Deno.test("A server sends a fetched response on that was decompressed, without its content coding", async () => {
  assertEquals(await throughProxy({ decompress: true }), [new TextEncoder().encode("hello"), null]);
});
