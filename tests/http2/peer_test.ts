/**
 * Owns the proof that an end that is played by hand says what it is told and hears what is said: two of them, on one wire.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { encodeFrame } from "../../http2/frame_encode.ts";
import { memoryPipe, type MemoryPipeOptions } from "../../net/mod.ts";
import { get, latin1, Peer, type PeerOptions, post, settled } from "./peer.ts";

/** Both ends of a wire in memory, of which a piece of one octet at a time may come. */
function ends(
  { server = {}, ...pipe }: MemoryPipeOptions & { readonly server?: Partial<PeerOptions> } = {},
): { readonly client: Peer; readonly server: Peer } {
  const [near, far] = memoryPipe(pipe);
  return { client: new Peer(near, { role: "client" }), server: new Peer(far, { role: "server", ...server }) };
}

for (const chunkSize of [Infinity, 1]) {
  const pieces = chunkSize === 1 ? "octet by octet" : "whole";

  Deno.test(`Peer begins a connection, asks and answers, ${pieces}`, async () => {
    const { client, server } = ends({ chunkSize });
    client.open([[4, 100]]);
    server.open([[3, 1]]);
    assertEquals((await client.expect("settings", { skip: [] })).entries, [[3, 1]]);
    assertEquals((await server.expect("settings", { skip: [] })).entries, [[4, 100]]);
    const id = client.request(post("/a", ["x-long", "abc".repeat(9_000)]), { end: false });
    client.data(id, "hel");
    client.data(id, "lo", { end: true });
    const request = await server.message(id);
    assertEquals([request.heads[0]?.slice(0, 3), request.body, request.end], [
      [[":method", "POST"], [":scheme", "http"], [":path", "/a"]],
      "hello",
      "whole",
    ]);
    assertEquals(request.heads[0]?.find(([name]) => name === "x-long")?.[1].length, 27_000);
    server.headers(id, [[":status", "103"]]);
    server.headers(id, [[":status", "200"]]);
    server.data(id, "ok");
    server.headers(id, [["x-sum", "1"]], { end: true });
    assertEquals(await client.message(id), {
      heads: [[[":status", "103"]], [[":status", "200"]], [["x-sum", "1"]]],
      body: "ok",
      end: "whole",
      code: -1,
    });
    await settled(client, server);
    assertEquals(client.heard.filter((frame) => frame.type === "settings").map(({ ack }) => ack), [false, true]);
    client.close();
    server.close();
  });
}

Deno.test("Peer.message takes the frames of one stream, and leaves those of others", async () => {
  const { client, server } = ends();
  const [first, second] = [client.request(), client.request(get("/second"))];
  assertEquals([first, second], [1, 3]);
  server.headers(second, [[":status", "204"]], { end: true });
  server.headers(first, [[":status", "200"]]);
  server.reset(first, 8);
  assertEquals((await client.message(first)).code, 8);
  const { heads, end } = await client.message(second);
  assertEquals([heads, end], [[[[":status", "204"]]], "whole"]);
  const third = client.request();
  server.headers(third, [[":status", "200"]]);
  await server.end();
  assertEquals((await client.message(third)).end, "lost");
  client.close();
  server.close();
});

Deno.test("Peer.expect skips what it is told to skip, and nothing else", async () => {
  const { client, server } = ends();
  client.open();
  client.grant(0, 5);
  client.request();
  assertEquals((await server.expect("headers", { streamId: 1 })).endStream, true);
  client.grant(0, 6);
  assertEquals((await server.expect("windowUpdate", { skip: [] })).increment, 6);
  client.grant(0, 7);
  await assertRejects(() => server.expect("headers", { skip: [] }), Error, "must be headers");
  client.request();
  await assertRejects(() => server.expect("headers", { streamId: 1 }), Error, "must be headers of stream 1");
  client.close();
  await assertRejects(() => server.expect("headers"), Error, "received the end");
  server.close();
});

Deno.test("Peer.ping waits for the answer to its own question", async () => {
  const { client, server } = ends();
  client.open();
  const first = client.ping("question");
  const asked = await server.expect("ping");
  assertEquals(latin1(asked.payload), "question");
  server.write({ type: "ping", streamId: 0, ack: true, payload: new Uint8Array(8) }, { ...asked, ack: true });
  assert(await first);
  assertEquals(latin1((await client.expect("ping")).payload), "\0".repeat(8)); // the other one is still there
  const second = client.ping();
  server.close();
  assert(!await second);
  client.close();
});

Deno.test("Peer gives back what DATA took of the windows, padding too, if told to", async () => {
  const { client, server } = ends({ server: { refills: true } });
  client.open();
  const id = client.request(post(), { end: false });
  client.write({ type: "data", streamId: id, endStream: false, padLength: 3, data: new Uint8Array(10) });
  client.data(id, "");
  client.data(id, "12345", { end: true });
  await settled(client, server);
  const granted = client.heard.flatMap((frame) =>
    frame.type === "windowUpdate" ? [[frame.streamId, frame.increment]] : []
  );
  assertEquals(granted, [[0, 14], [1, 14], [0, 5]]);
  client.close();
  server.close();
});

Deno.test("Peer stops at what is no frame, and at what is no preface", async () => {
  const { client, server } = ends();
  client.write(new TextEncoder().encode("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"));
  assertEquals(await server.readToEnd(), []);
  assert(server.broken !== undefined && server.over && !server.ended);
  server.write(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"));
  await assertRejects(() => client.expect("settings"), Error, "Http2Error");
  assertEquals(client.restText.slice(0, 12), "HTTP/1.1 400");
  client.close();
  server.close();
});

Deno.test("Peer refuses frames that are longer than it allows", async () => {
  const [near, far] = memoryPipe();
  using client = new Peer(near, { role: "client", maxFrameSize: 16_385 });
  const frame = (length: number) =>
    encodeFrame({ type: "data", streamId: 1, endStream: false, data: new Uint8Array(length) });
  using server = new Peer(far, { role: "server" });
  server.write(frame(16_385), frame(16_386));
  assertEquals((await client.readToEnd()).map(({ type }) => type), ["data"]);
  assert(client.broken !== undefined);
});

Deno.test("Peer counts what the other end does not take, and hears nothing until it listens", async () => {
  const { client, server } = ends({ capacity: 100, server: { listens: false } });
  client.data(1, "x".repeat(150));
  await settled(client, server);
  assertEquals([client.unsent, server.received], [59, 0]);
  server.listen();
  await settled(client, server);
  assertEquals(client.unsent, 0);
  client.close();
  server.close();
});
