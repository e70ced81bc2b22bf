/**
 * Owns the proof that a connection that carries very much never stalls: thousands of requests with content, large heads and
 * cancels, both directions busy at once, over one connection in memory. Knows no frame.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { HttpClient, trailersOf } from "../../client/mod.ts";
import { memoryNetwork } from "../../net/mod.ts";
import { serve, withTrailers } from "../../mod.ts";
import { ManualClock } from "../../timer/mod.ts";

const REQUESTS = 10_000;
/** How many are under way at once: more than the server takes, so that some always wait. */
const WORKERS = 160;
const STREAMS = 64;
/** The lengths of contents, in bytes: within a frame, of some frames, and more than a window. */
const LENGTHS = [0, 1, 100, 1_000, 17_000, 0, 3, 40_000, 500, 90_000];

interface Outcome {
  whole: number;
  cancelled: number;
  bytes: number;
}

/** What becomes of the request with this number: sent as a string or a stream, read whole, in pieces, or cancelled. */
async function exchange(client: HttpClient, number: number, outcome: Outcome): Promise<void> {
  const length = LENGTHS[number % LENGTHS.length]!;
  const bytes = new Uint8Array(length).fill(number % 251);
  const headers: Record<string, string> = { "x-number": String(number) };
  if (number % 7 === 0) headers["x-large"] = `${number} `.padEnd(6_000, "x");
  const streamed = number % 3 === 0 && length > 0;
  const init = length === 0
    ? { headers }
    : { method: "POST", headers, body: streamed ? new Blob([bytes]).stream() : bytes };
  const response = await client.fetch(`http://localhost/${number % 5}`, init);
  assertEquals(response.headers.get("x-number"), headers["x-number"]);
  assertEquals(response.headers.get("x-large"), headers["x-large"] ?? null);
  if (number % 11 === 0) {
    await response.body?.cancel();
    outcome.cancelled++;
    return;
  }
  let read = 0;
  if (number % 2 === 0) {
    const content = await response.bytes();
    assert(content.every((octet) => octet === number % 251));
    read = content.length;
  } else if (response.body !== null) {
    for await (const piece of response.body) read += piece.length;
  }
  assertEquals(read, length);
  assertEquals((await trailersOf(response)).get("x-length"), length === 0 ? null : String(length));
  outcome.bytes += read;
  outcome.whole++;
}

Deno.test("HttpClient lets no response that nobody reads yet hold up another one", async () => {
  const { listener, connect } = memoryNetwork();
  await using _server = serve({ listener, protocols: ["h2"], clock: new ManualClock(), onListen: () => {} }, () => {
    return new Response(new Uint8Array(600_000));
  });
  await using client = new HttpClient({ connect, protocols: ["h2"], clock: new ManualClock() });
  const responses = Array.from({ length: 100 }, () => client.fetch("http://localhost/"));
  for (const response of responses) assertEquals((await (await response).bytes()).length, 600_000);
  assertEquals(client.connections, 1);
});

for (const capacity of [64 * 1024, 3_000]) {
  Deno.test(`HttpClient carries ${REQUESTS} requests over one connection of ${capacity} bytes under way, and never stalls`, async () => {
    const { listener, connect } = memoryNetwork({ capacity });
    const failures: unknown[] = [];
    let dials = 0;
    await using _server = serve({
      listener,
      protocols: ["h2"],
      clock: new ManualClock(),
      limits: { maxConcurrentStreams: STREAMS },
      onListen: () => {},
      onConnectionError: (error) => failures.push(error),
    }, (request) => {
      const headers = [...request.headers].filter(([name]) => name.startsWith("x-"));
      const { body } = request;
      if (body === null) return new Response(null, { headers });
      let length = 0;
      const counted = body.pipeThrough(
        new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
          transform(piece, controller) {
            length += piece.length;
            controller.enqueue(piece);
          },
        }),
      );
      return withTrailers(new Response(counted, { headers }), () => ({ "x-length": String(length) }));
    });
    await using client = new HttpClient({
      connect: (target) => {
        dials++;
        return connect({ signal: target.signal });
      },
      clock: new ManualClock(),
      protocols: ["h2"],
      limits: { maxConnectionsPerOrigin: 1 },
    });
    const outcome: Outcome = { whole: 0, cancelled: 0, bytes: 0 };
    const numbers = Array.from({ length: REQUESTS }, (_, number) => number).values();
    await Promise.all(Array.from({ length: WORKERS }, async () => {
      for (const number of numbers) await exchange(client, number, outcome);
    }));
    const cancelled = Math.ceil(REQUESTS / 11);
    assertEquals([outcome.whole, outcome.cancelled, dials], [REQUESTS - cancelled, cancelled, 1]);
    assert(outcome.bytes > 100_000_000, `${outcome.bytes} bytes each way`);
    assertEquals(failures, []);
  });
}
