/**
 * Owns the tests of what no well-meaning peer or program does: closes that cross, ends in the middle of things, listeners that
 * turn on the socket that calls them, compressed nonsense beside compressed sense. What must hold is that each connection
 * ends as it must, once, and leaves no other the worse. Knows nothing of how.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { constants, deflateRawSync } from "node:zlib";
import { WebSocketError } from "../../websocket/mod.ts";
import { frame, hex, join, readFrames } from "./conversation.ts";
import { ended, next, OPENING, overBoth, record, settle, Stage } from "./stage.ts";

/** A message as a client compresses it. */
function compressed(text: string): Uint8Array {
  const data = deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH });
  return frame({ opcode: 1, rsv: 4, payload: new Uint8Array(data.subarray(0, -4)) });
}

overBoth("both ends close at once: each hears the other's Close, cleanly", async (stageOf) => {
  await using stage = stageOf();
  const client = stage.client.webSocket("ws://a/", { clock: stage.clock });
  await next(client, "open");
  await settle();
  const server = stage.accepted[0]!.socket;
  const logs = [record(client), record(server)];
  client.send("last words");
  client.close(3000, "client");
  server.close(3001, "server");
  await Promise.all([ended(client), ended(server)]);
  assertEquals(logs, [["close 3001 server true"], ["close 3000 client true"]]);
});

overBoth(
  "a Close between fragments ends the message with the connection; what is behind it is not read",
  async (stageOf) => {
    await using stage = stageOf();
    const { wire } = await stage.open();
    const log = record(stage.accepted[0]!.socket);
    const parts = [
      frame({ opcode: 1, fin: false, payload: "half a" }),
      frame({ opcode: 8, payload: hex("0fa0") }),
      frame({ opcode: 0, payload: " message" }),
      frame({ opcode: 3, payload: "no such thing" }),
    ];
    await wire.write(join(parts));
    await settle();
    assertEquals(log, ["close 4000  true"]);
    assertEquals(await wire.readText(4), "\ufffd\x02\x0f\ufffd");
  },
);

overBoth(
  "what comes in the same octets as a listener's close() or terminate() is not told any more",
  async (stageOf) => {
    await using stage = stageOf();
    for (const act of ["close", "terminate"] as const) {
      const { wire } = await stage.open();
      const { socket } = stage.accepted.at(-1)!;
      const log = record(socket);
      socket.addEventListener("message", () => {
        socket[act]();
        socket.send("to nobody");
        socket.ping();
        socket[act]();
      });
      await wire.write(join(["a", "b", "c"].map((payload) => frame({ opcode: 1, payload }))));
      await settle();
      assertEquals(log.slice(0, 2), act === "close" ? ["message a"] : ["message a", log[1]!]);
      await wire.write(frame({ opcode: 8 })).catch(() => {}); // it may be cut by now
      await settle();
      if (act === "close") assertEquals(log, ["message a", "close 1005  true"]);
      else assertMatch(log.join(), /^message a,error .*cut by this end,close 1006 {2}false$/);
    }
  },
);

overBoth("a listener of close, or of error, may do what it likes to its socket", async (stageOf) => {
  await using stage = stageOf();
  const { wire } = await stage.open();
  const { socket } = stage.accepted[0]!;
  const log = record(socket);
  for (const type of ["error", "close"]) {
    socket.addEventListener(type, () => {
      socket.terminate();
      socket.close(3000);
      socket.send("x");
      socket.send(new Blob(["y"]));
    });
  }
  await wire.write(frame({ opcode: 2, rsv: 1, payload: "reserved" }));
  await settle();
  assertMatch(log.join(), /^error .*RSV2 and RSV3 must be 0,close 1006 {2}false$/);
});

overBoth(
  "a socket that is closed behind a Blob is closing at once, hears nothing more, and says nothing else",
  async (stageOf) => {
    await using stage = stageOf();
    const client = stage.client.webSocket("ws://a/", { clock: stage.clock });
    await next(client, "open");
    await settle();
    const server = stage.accepted[0]!.socket;
    const logs = [record(client), record(server)];
    server.binaryType = "arraybuffer";
    server.send("crosses it");
    client.send(new Blob(["12"]));
    client.close(3000);
    assertEquals(client.readyState, client.CLOSING);
    client.close(3001);
    client.send("late");
    await ended(client);
    assertEquals(logs, [["close 3000  true"], ["message [object ArrayBuffer]", "close 3000  true"]]);
  },
);

overBoth("a stream that is cancelled with a reason too long for a Close is closed all the same", async (stageOf) => {
  await using stage = stageOf();
  const client = stage.client.webSocket("ws://a/", { clock: stage.clock });
  const { readable } = await client.stream.opened;
  await settle();
  const closed = next(stage.accepted[0]!.socket, "close");
  await readable.cancel(new WebSocketError("x", { closeCode: 4000, reason: "y".repeat(124) }));
  const { code, reason } = await closed;
  assertEquals([code, reason], [4000, ""]);
});

overBoth("nonsense on a connection harms none that shares what inflates with it", async (stageOf) => {
  const compression = { clientNoContextTakeover: true, threshold: 0 };
  await using stage = stageOf({ compression, limits: { maxMessageBytes: 1000 } });
  const good = stage.client.webSocket("ws://a/", { compression, clock: stage.clock });
  await next(good, "open");
  await settle();
  const server = stage.accepted[0]!.socket;
  const fields = "sec-websocket-extensions: permessage-deflate; client_no_context_takeover\r\n";
  const wrongs: readonly (readonly [code: number, wrong: Uint8Array])[] = [[1009, compressed("0".repeat(100_000))], [
    1007,
    frame({ opcode: 1, rsv: 4, payload: hex("ffffffff") }),
  ]];
  for (let turn = 0; turn < 3; turn++) {
    for (const [code, wrong] of wrongs) {
      const { wire } = await stage.open(fields);
      const failed = next(stage.accepted.at(-1)!.socket, "error");
      await wire.write(wrong);
      const event = await failed;
      assert(event instanceof ErrorEvent && event.error instanceof WebSocketError);
      assertEquals(event.error.closeCode, code);
      const sense = `sense ${turn} ${code}`.repeat(20);
      good.send(sense);
      assertEquals((await next(server, "message")).data, sense);
    }
  }
});

Deno.test("octets that came with the opening are the first of the WebSocket", async () => {
  await using stage = new Stage({}, (accept) => {
    const { response, socket } = accept();
    socket.onmessage = ({ data }) => socket.send(data);
    return response;
  });
  const wire = await stage.dial();
  await wire.write(join([new TextEncoder().encode(`${OPENING}\r\n`), frame({ opcode: 1, payload: "early" })]));
  await wire.readUntil("\r\n\r\n");
  assertEquals(await wire.readText(7), "\ufffd\x05early");
});

overBoth(
  "a flood of Pings, of fragments of one octet, and of Pongs nobody asked for costs no more than its octets",
  async (stageOf) => {
    await using stage = stageOf();
    const { wire } = await stage.open();
    const { socket } = stage.accepted[0]!;
    const log = record(socket);
    const flood: Uint8Array[] = [];
    for (let at = 0; at < 2000; at++) {
      flood.push(frame({ opcode: at === 0 ? 1 : 0, fin: false, payload: "x" }));
      flood.push(frame({ opcode: at % 2 === 0 ? 9 : 10, payload: String(at) }));
    }
    flood.push(frame({ opcode: 0, payload: "." }));
    const heard: Uint8Array[] = [];
    const reading = (async () => {
      for (let piece = await wire.read(); piece !== null; piece = await wire.read()) heard.push(piece.slice());
    })();
    await wire.write(join(flood));
    await settle();
    assertEquals(log, [`message ${"x".repeat(2000)}.`]);
    await wire.write(frame({ opcode: 8 }));
    await settle();
    await wire.end();
    await reading;
    const frames = readFrames(join(heard));
    assert(frames.length > 1 && frames.length <= 1001, `${frames.length}`);
    assert(frames.slice(0, -1).every(({ first }) => first === 0x8a) && frames.at(-1)!.first === 0x88);
  },
);
