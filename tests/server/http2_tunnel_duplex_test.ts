/**
 * Owns the tests of a tunnel over HTTP/2 as whoever has it sees it: octets in DATA frames both ways, and how either end ends.
 * Must not know a protocol that is tunnelled.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { ErrorCode } from "../../http2/mod.ts";
import { Wire } from "../../net/mod.ts";
import { latin1 } from "../http2/peer.ts";
import { framesOf, heardOf, textOf } from "./http2_stage.ts";
import { bytes, held, open } from "./http2_tunnels.ts";

Deno.test("a tunnel's read gives what came piece by piece, and null at the client's END_STREAM; writes go on", async () => {
  const { stage, tunnels } = held();
  await using _stage = stage;
  const { peer, streamId, tunnel } = await open(stage, tunnels);
  peer.data(streamId, "abcde", { end: true });
  const into = new Uint8Array(2);
  const read = async () => {
    const count = await tunnel.read(into);
    return count === null ? null : latin1(into.subarray(0, count));
  };
  assertEquals(await tunnel.read(new Uint8Array(0)), 0);
  assertEquals([await read(), await read(), await read(), await read()], ["ab", "cd", "e", null]);
  assertEquals(await tunnel.write(bytes("answer")), 6);
  await tunnel.closeWrite();
  await tunnel.closeWrite();
  assertEquals((await peer.message(streamId)).body, "answer");
  await assertRejects(() => tunnel.write(bytes("late")), Deno.errors.BrokenPipe);
  tunnel.close();
  tunnel.close();
  await assertRejects(() => tunnel.read(into), Deno.errors.BadResource);
  await assertRejects(() => tunnel.write(bytes("later")), Deno.errors.BadResource);
});

Deno.test("a tunnel's reads go on once its own side has ended", async () => {
  const { stage, tunnels } = held();
  await using _stage = stage;
  const { peer, streamId, tunnel } = await open(stage, tunnels);
  await tunnel.closeWrite();
  assertEquals((await peer.message(streamId)).end, "whole");
  peer.data(streamId, "still", { end: true });
  const wire = new Wire(tunnel);
  assertEquals(await wire.readToEnd(), "still");
  wire.close();
});

Deno.test("a tunnel's writer waits for the client's window, others go on, and what waits is bounded", async () => {
  const { stage, tunnels } = held();
  await using _stage = stage;
  const { peer, streamId, tunnel } = await open(stage, tunnels);
  let written = 0;
  const writing = (async () => {
    const piece = new Uint8Array(200_000).fill(97);
    written = await tunnel.write(piece);
    assertEquals(written, 65_536); // no more than that is copied
    while (written < 400_000) written += await tunnel.write(piece.subarray(0, 400_000 - written));
    await tunnel.closeWrite();
  })();
  await stage.settle();
  assertEquals(heardOf(peer, streamId), 65_535);
  assert(written <= 65_535 + 2 * 65_536, `${written} bytes were taken for 65535`);
  peer.grant(0, 1_000); // the connection's window would do for this one
  assertEquals((await peer.message(peer.request())).body, "plain");
  for (let granted = 0; granted < 400_000; granted += 50_000) {
    peer.grant(streamId, 50_000);
    peer.grant(0, 50_000);
    await stage.settle();
  }
  await writing;
  assertEquals((await peer.message(streamId)).body, "a".repeat(400_000));
});

Deno.test("a tunnel whose holder doesn't read takes a bounded number of bytes, and others go on", async () => {
  const { stage, tunnels } = held();
  await using _stage = stage;
  const { peer, streamId, tunnel } = await open(stage, tunnels);
  const before = framesOf(peer, "windowUpdate", streamId).length;
  for (let sent = 0; sent < 4; sent++) peer.data(streamId, new Uint8Array(16_000).fill(98));
  assert(await peer.ping());
  assertEquals(framesOf(peer, "windowUpdate", streamId).length, before, "room was given for what nobody reads");
  assertEquals((await peer.message(peer.request())).body, "plain");
  const into = new Uint8Array(10_000);
  let read = 0;
  while (read < 64_000) read += await tunnel.read(into) ?? 0;
  assert(await peer.ping());
  assert(framesOf(peer, "windowUpdate", streamId).length > before);
  tunnel.close();
});

Deno.test("a tunnel that the client resets fails its reads and writes as a socket does", async () => {
  const { stage, tunnels } = held();
  await using _stage = stage;
  const { peer, streamId, tunnel } = await open(stage, tunnels);
  const other = await open(stage, tunnels, peer);
  const parked = assertRejects(() => tunnel.read(new Uint8Array(1)), Deno.errors.ConnectionReset);
  peer.reset(streamId, ErrorCode.ConnectError);
  await parked;
  await assertRejects(() => tunnel.read(new Uint8Array(1)), Deno.errors.ConnectionReset);
  await assertRejects(() => tunnel.write(bytes("a")), Deno.errors.ConnectionReset);
  await tunnel.closeWrite();
  tunnel.close();
  await other.tunnel.write(bytes("alive"));
  await stage.settle();
  assertEquals(textOf(peer, other.streamId), "alive");
  assertEquals(stage.connectionErrors, []);
});

Deno.test("a tunnel's parked write rejects when the client resets it", async () => {
  const { stage, tunnels } = held();
  await using _stage = stage;
  const { peer, streamId, tunnel } = await open(stage, tunnels);
  const write = async () => {
    for (;;) await tunnel.write(new Uint8Array(65_536));
  };
  const writing = assertRejects(write, Deno.errors.ConnectionReset);
  await stage.settle();
  peer.reset(streamId, ErrorCode.Cancel);
  await writing;
});

Deno.test("a tunnel fails when its connection is lost, or broken by its client", async () => {
  for (const how of ["close", "end", "garbage"] as const) {
    const { stage, tunnels } = held();
    await using _stage = stage;
    const { peer, tunnel } = await open(stage, tunnels);
    const parked = assertRejects(() => tunnel.read(new Uint8Array(1)), Deno.errors.ConnectionReset);
    if (how === "close") peer.close();
    else if (how === "end") peer.end();
    else peer.write(new Uint8Array(64).fill(0xff));
    await parked;
    tunnel.close();
  }
});

Deno.test("a tunnel's close() sends what was written, ends the stream, and throws away what still comes", async () => {
  const { stage, tunnels } = held({ timeouts: { drain: 2_000 } });
  await using _stage = stage;
  const { peer, streamId, tunnel } = await open(stage, tunnels);
  const parked = assertRejects(() => tunnel.read(new Uint8Array(1)), Deno.errors.Interrupted);
  await tunnel.write(bytes("last words"));
  tunnel.close();
  await parked;
  const { body, end } = await peer.message(streamId);
  assertEquals([body, end], ["last words", "whole"]);
  peer.data(streamId, "nobody hears this");
  assert(await peer.ping());
  assertEquals(framesOf(peer, "rstStream"), []);
  await stage.advance(2_000);
  assertEquals(framesOf(peer, "rstStream", streamId).map(({ code }) => code), [ErrorCode.NoError]);
  assertEquals((await peer.message(peer.request())).body, "plain");
});

Deno.test("a tunnel's close() behind END_STREAM of both sides sends nothing more", async () => {
  const { stage, tunnels } = held();
  await using _stage = stage;
  const { peer, streamId, tunnel } = await open(stage, tunnels);
  peer.data(streamId, "", { end: true });
  await tunnel.closeWrite();
  await peer.message(streamId);
  tunnel.close();
  assert(await peer.ping());
  assertEquals(framesOf(peer, "rstStream"), []);
});

Deno.test("a tunnel's close() gives a client that doesn't read until the write deadline for what was written", async () => {
  const { stage, tunnels } = held({ timeouts: { write: 5_000 } });
  await using _stage = stage;
  const { peer, streamId, tunnel } = await open(stage, tunnels);
  const read = await open(stage, tunnels, peer);
  for (let written = 0; written < 100_000;) written += await tunnel.write(new Uint8Array(50_000));
  tunnel.close();
  await stage.advance(4_999);
  assertEquals(framesOf(peer, "rstStream"), []);
  await stage.advance(1);
  assertEquals((await peer.message(streamId)).code, ErrorCode.Cancel);
  peer.grant(0, 100);
  await read.tunnel.write(bytes("alive"));
  await stage.settle();
  assertEquals(textOf(peer, read.streamId), "alive");
});

Deno.test("a tunnel's close() rejects a parked write", async () => {
  const { stage, tunnels } = held();
  await using _stage = stage;
  const { tunnel } = await open(stage, tunnels);
  const write = async () => {
    for (;;) await tunnel.write(new Uint8Array(65_536));
  };
  const writing = assertRejects(write, Deno.errors.Interrupted);
  await stage.settle();
  tunnel.close();
  await writing;
});

Deno.test("a tunnel knows the connection's ends, says that it is not secure, and can be disposed of", async () => {
  const { stage, tunnels } = held();
  await using _stage = stage;
  const { peer, streamId, tunnel } = await open(stage, tunnels);
  assertEquals([tunnel.secure, tunnel.alpn, tunnel.localAddr], [false, null, stage.server.addr]);
  assertEquals(tunnel.remoteAddr, peer.transport.localAddr);
  await tunnel.ready();
  tunnel.ref();
  tunnel.unref();
  {
    using _tunnel = tunnel;
  }
  assertEquals((await peer.message(streamId)).end, "whole");
});

Deno.test("a tunnel is silent for as long as it likes, and keeps its connection open", async () => {
  const { stage, tunnels } = held({ timeouts: { idle: 1_000, body: 1_000, request: 10_000_000, age: Infinity } });
  await using _stage = stage;
  const { peer, streamId, tunnel } = await open(stage, tunnels);
  await stage.advance(5_000_000);
  peer.data(streamId, "still here");
  assertEquals(await new Wire(tunnel).readText(10), "still here");
});
