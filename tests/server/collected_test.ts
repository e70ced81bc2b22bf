/**
 * Proves content that a handler wants whole, which is read straight to where it stays. Knows the wire, not the driver.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { equals } from "@std/bytes";
import { memoryNetwork } from "../../net/mod.ts";
import { serve } from "../../server/mod.ts";

const CONTENT = Uint8Array.from({ length: 200_000 }, (_, index) => index % 251);

/** Serves a handler to a client that says the head, then the content in pieces, and reads the answer to its end. */
async function upload(
  pieces: readonly Uint8Array[],
  handler: (request: Request) => Promise<Response>,
): Promise<string> {
  const { listener, dial } = memoryNetwork();
  await using _server = serve({ listener, onError: (error) => new Response(`failed: ${error}`) }, handler);
  const wire = await dial();
  await wire.write(`POST / HTTP/1.1\r\nhost: a\r\ncontent-length: ${CONTENT.length}\r\n\r\n`);
  for (const piece of pieces) await wire.write(piece);
  await wire.write("GET /next HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
  const answers = await wire.readToEnd();
  wire.close();
  return answers;
}

/** Content cut into pieces of a length. */
function cut(length: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < CONTENT.length; at += length) pieces.push(CONTENT.subarray(at, at + length));
  return pieces;
}

for (const length of [CONTENT.length, 70_000, 4_097, 511]) {
  Deno.test(`bytes() gives content of a known length whole, in pieces of ${length}, and the next request is none of it`, async () => {
    const seen: string[] = [];
    const answers = await upload(cut(length), async (request) => {
      seen.push(new URL(request.url).pathname);
      if (request.method === "GET") return new Response("next");
      const bytes = await request.bytes();
      assertEquals([bytes.byteOffset, bytes.buffer.byteLength], [0, CONTENT.length]);
      return new Response(String(equals(bytes, CONTENT)));
    });
    assertEquals(seen, ["/", "/next"]);
    assert(answers.includes("\r\n\r\ntrueHTTP/1.1 200 OK"), answers);
    assert(answers.endsWith("\r\n\r\nnext"));
  });
}

Deno.test("bytes() that is asked for late gives what waited and what comes", async () => {
  const answers = await upload(cut(10_000), async (request) => {
    if (request.method === "GET") return new Response("next");
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    return new Response(String(equals(await request.bytes(), CONTENT)));
  });
  assert(answers.includes("\r\n\r\ntrue"), answers);
});

Deno.test("bytes() rejects where the content breaks off half-way", async () => {
  const { listener, dial } = memoryNetwork();
  const failed = Promise.withResolvers<unknown>();
  await using _server = serve({ listener }, async (request) => {
    failed.resolve(await assertRejects(() => request.bytes()));
    return new Response();
  });
  const wire = await dial();
  await wire.write(`POST / HTTP/1.1\r\nhost: a\r\ncontent-length: ${CONTENT.length}\r\n\r\n`);
  await wire.write(CONTENT.subarray(0, 100_000));
  await wire.end();
  assert(await failed.promise instanceof Error);
  await wire.readToEnd();
  wire.close();
});
