/**
 * Owns the tests of permessage-deflate (RFC 7692): its negotiation, its contexts on both ways of doing it, and what it
 * costs to be attacked with it.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import {
  acceptDeflate,
  agreeDeflate,
  type DeflateParameters,
  offerDeflate,
  parseExtensions,
  PreparedMessage,
  type Role,
  WebSocketError,
} from "../../websocket/mod.ts";
import { behaves, PerMessageDeflate } from "../../websocket/deflate.ts";
import { type Coders, handleCoders, oneShotCoders, Window } from "../../websocket/deflate_codec.ts";
import { loadVectors, vectorTest } from "../vectors.ts";
import { connectionOf, converse, converseOnEverySplit, drain, frame, hex, join, readFrames } from "./conversation.ts";

const PLAIN: DeflateParameters = {
  serverNoContextTakeover: false,
  clientNoContextTakeover: false,
  serverMaxWindowBits: 15,
  clientMaxWindowBits: 15,
};
const SETTINGS = { level: 1, memLevel: 8, threshold: 0 };
const WAYS: readonly (readonly [name: string, coders: Coders])[] = [["handles", handleCoders], [
  "one shots",
  oneShotCoders,
]];

function deflateOf(role: Role, coders: Coders, parameters: Partial<DeflateParameters> = {}): PerMessageDeflate {
  return new PerMessageDeflate({ role, coders, parameters: { ...PLAIN, ...parameters }, settings: SETTINGS });
}

interface DeflateVectors {
  readonly vectors: readonly { name: string; frames: string[]; messages: string[]; context_takeover: boolean }[];
  readonly negative: readonly { name: string; frames: string[]; close_codes: number[] }[];
  readonly negotiation: readonly { offer: string; response_must_honour: string | null }[];
  readonly extension_header: {
    readonly ok: readonly { value: string; parsed: Record<string, Record<string, (string | true)[]>[]> }[];
    readonly error: readonly string[];
  };
}

const load = () => loadVectors<DeflateVectors>("websocket", "permessage-deflate.json");

for (const [way, coders] of WAYS) {
  vectorTest(
    `FrameConnection inflates the RFC's messages by ${way}, on every split (RFC 7692 §7.2.3)`,
    load,
    (data) => {
      for (const { name, frames, messages, context_takeover } of data.vectors) {
        const compression = () => deflateOf("client", coders, { serverNoContextTakeover: !context_takeover });
        const { events, phase } = converseOnEverySplit(hex(frames.join("")), { role: "client", compression }, name);
        const texts = events.filter((event) => event.startsWith("text "));
        assertEquals([texts, phase], [messages.map((message) => `text ${message}`), "open"], name);
      }
    },
  );

  vectorTest(`FrameConnection refuses wrong compressed messages by ${way}, on every split`, load, ({ negative }) => {
    for (const { name, frames, close_codes } of negative) {
      const compression = () => deflateOf("client", coders);
      const { events } = converseOnEverySplit(hex(frames.join("")), { role: "client", compression }, name);
      const code = Number(/^error (\d+)/.exec(events.at(-1)!)?.[1]);
      assert(close_codes.includes(code), `${name}: ${events}`);
    }
  });

  Deno.test(`PerMessageDeflate gives any messages back by ${way}, whatever was agreed on and let go of between`, () => {
    const parameters = fc.record({
      serverNoContextTakeover: fc.boolean(),
      clientNoContextTakeover: fc.boolean(),
      serverMaxWindowBits: fc.integer({ min: 8, max: 15 }),
      clientMaxWindowBits: fc.integer({ min: 8, max: 15 }),
    });
    const message = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 300 }),
      fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.nat(3000)).map(([unit, times]) =>
        Uint8Array.from({ length: unit.length * times + 1 }, (_, at) => unit[at % unit.length]! ^ at >> 9)
      ),
    );
    const step = fc.record({ message, release: fc.nat(7), alone: fc.nat(7) });
    fc.assert(
      fc.property(
        parameters,
        fc.array(step, { maxLength: 12 }),
        fc.constantFrom<Role>("server", "client"),
        (agreed, steps, role) => {
          const near = deflateOf(role, coders, agreed);
          const far = deflateOf(role === "server" ? "client" : "server", coders, agreed);
          for (const { message, release, alone } of steps) {
            if ((release & 1) === 1) near.release();
            if ((release & 2) === 2) far.release();
            let sent: Uint8Array;
            if (alone === 0) { // as a message to many is sent
              sent = readFrames(new PreparedMessage(message).frameFor(near.format))[0]!.payload;
              near.forget();
            } else sent = near.deflate(message);
            assertEquals(far.inflate(sent, message.length), message);
          }
          near.release();
          far.release();
        },
      ),
      { numRuns: 150 },
    );
  });

  Deno.test(`PerMessageDeflate refuses by ${way} what passes the limit by a byte, with 1009 (a bomb costs what it may)`, () => {
    for (const size of [1, 100, 65535, 65536, 65537, 200_000]) {
      const far = deflateOf("server", coders);
      const sent = deflateOf("client", coders).deflate(new Uint8Array(size));
      const error = assertThrows(() => far.inflate(sent, size - 1), WebSocketError);
      assertEquals(error.closeCode, 1009);
      assertEquals(deflateOf("server", coders).inflate(sent, size).length, size);
    }
    const bomb = deflateOf("client", coders).deflate(new Uint8Array(50_000_000));
    const error = assertThrows(() => deflateOf("server", coders).inflate(bomb, 1000), WebSocketError);
    assertEquals([error.closeCode, bomb.length < 1_000_000], [1009, true]);
  });

  Deno.test(`PerMessageDeflate goes on by ${way} behind a final block, and refers to what was before it (RFC 7692 §7.2.3.4)`, () => {
    const far = deflateOf("client", coders);
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(far.inflate(bytes, 1000));
    assertEquals(decode(hex("f348cdc9c9070000")), "Hello");
    assertEquals(decode(hex("f200110000")), "Hello"); // "Hello" by its distance, RFC 7692 §7.2.3.2
    const error = assertThrows(() => decode(hex("f348cdc9c9070000f348cdc9c9070000")), WebSocketError, "final block");
    assertEquals(error.closeCode, 1007);
  });

  Deno.test(`behaves() accepts ${way}`, () => {
    assert(behaves(coders));
  });
}

Deno.test("behaves() refuses coders that lie: wrong bytes, no limit, no history, no handle", () => {
  const coder = handleCoders.inflater({ windowBits: 15, level: 1, memLevel: 8 }, hex(""));
  const broken: Partial<Coders>[] = [
    { inflater: () => ({ ...coder, run: (input) => ({ output: input.slice(), unused: 0 }), close() {} }) },
    {
      inflater: (options, history) => {
        const inner = handleCoders.inflater(options, history);
        return { run: (input) => inner.run(input, 1e6), reset: () => inner.reset(), close: () => inner.close() };
      },
    },
    { inflater: (options) => handleCoders.inflater(options, hex("")) },
    {
      deflater: () => {
        throw new TypeError("Cannot find the stream's handle");
      },
    },
  ];
  assertEquals(broken.map((one) => behaves({ ...handleCoders, ...one })), [false, false, false, false]);
  coder.close();
});

Deno.test("PerMessageDeflate holds no context before it is used, and none once it was let go", () => {
  const near = deflateOf("client", handleCoders);
  const far = deflateOf("server", handleCoders);
  assertEquals([near.live, far.live], [false, false]);
  const message = new TextEncoder().encode("hello, hello, hello");
  const [first, second] = [near.deflate(message), near.deflate(message)];
  assert(second.length < first.length, "the second refers to the first");
  far.inflate(first, 100);
  assertEquals([near.live, far.live], [true, true]);
  far.release();
  near.release();
  assertEquals([near.live, far.live], [false, false]);
  assertEquals(far.inflate(second, 100), message, "what was received is remembered");
  const alone = deflateOf("client", handleCoders, { clientNoContextTakeover: true });
  assertEquals([alone.deflate(message), alone.deflate(message), alone.live], [first, first, false]);
});

Deno.test("FrameConnection lets go of idle compression at its deadline, and with the connection's end", () => {
  const compression = deflateOf("server", handleCoders);
  const connection = connectionOf({ compression: () => compression, timeouts: { context: 5_000 } });
  connection.sendText("hello, hello");
  drain(connection, 100);
  assertEquals([compression.live, connection.deadline], [true, 5_100]);
  connection.expire(5_099);
  assert(compression.live);
  connection.expire(5_100);
  assertEquals([compression.live, connection.deadline], [false, 30_000]);
  connection.sendText("hello, hello");
  assert(compression.live);
  connection.close(1000, "", 6_000);
  const bytes = frame({ opcode: 8, payload: hex("03e8") });
  connection.receive(bytes, 0, bytes.length, 6_000);
  assertEquals([connection.phase, compression.live], ["closed", false]);
});

Deno.test("FrameConnection sends short messages as they are, and empty ones always", () => {
  const settings = { ...SETTINGS, threshold: 5 };
  const compression = () => new PerMessageDeflate({ role: "server", parameters: PLAIN, settings });
  const connection = connectionOf({ compression });
  for (const text of ["", "four", "fiver"]) connection.sendText(text);
  assertEquals(readFrames(drain(connection)).map(({ first }) => first), [0x81, 0x81, 0xc1]);
  const all = connectionOf({ compression: () => deflateOf("server", handleCoders) });
  all.sendText("");
  all.sendBinary(hex(""));
  assertEquals(drain(all).toHex(), "81008200");
});

Deno.test("what is compressed for a window of 256 bytes refers back no farther (RFC 7692 §7.1.2)", () => {
  const near = deflateOf("server", handleCoders, { serverMaxWindowBits: 8 });
  const unit = Uint8Array.from({ length: 251 }, (_, at) => at * 7 & 255);
  for (let size = 1; size < 4000; size += 37) {
    const message = Uint8Array.from({ length: size }, (_, at) => unit[at * (1 + (size & 3)) % 251]! ^ at >> 8);
    const sent = near.deflate(message);
    near.forget();
    const data = join([sent, hex("0000ffff")]);
    const back = inflateRawSync(data, { windowBits: 8, finishFlush: constants.Z_SYNC_FLUSH });
    assertEquals(new Uint8Array(back), message);
  }
});

Deno.test("a window keeps the last octets, whatever is pushed and however it was shrunk", () => {
  fc.assert(
    fc.property(fc.array(fc.record({ bytes: fc.uint8Array({ maxLength: 1200 }), shrink: fc.boolean() })), (steps) => {
      const window = new Window(9);
      let all = new Uint8Array(0);
      for (const { bytes, shrink } of steps) {
        window.push(bytes);
        if (shrink) window.shrink();
        all = join([all, bytes]).slice(-512);
        assertEquals(window.toBytes(), all);
        assertEquals(window.length, all.length);
      }
    }),
  );
});

vectorTest("acceptDeflate() answers each offer as it must (RFC 7692 §7.1)", load, ({ negotiation }) => {
  for (const { offer, response_must_honour } of negotiation) {
    const agreed = acceptDeflate(parseExtensions(offer)!, {});
    const parts = (field: string | null) => field?.split("; ").sort();
    assertEquals(parts(agreed?.field ?? null), parts(response_must_honour), offer);
  }
});

Deno.test("acceptDeflate() adds the server's own wishes, and tells a client's window only to one that can be told", () => {
  const wishes = {
    serverNoContextTakeover: true,
    clientNoContextTakeover: true,
    serverMaxWindowBits: 10,
    clientMaxWindowBits: 9,
  };
  const answer = (offer: string) => acceptDeflate(parseExtensions(offer)!, wishes)?.field;
  const both = "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=";
  assertEquals(answer("permessage-deflate"), `${both}10`);
  assertEquals(answer("Permessage-Deflate; Client_Max_Window_Bits"), `${both}10; client_max_window_bits=9`);
  assertEquals(
    answer("permessage-deflate; client_max_window_bits=8; server_max_window_bits=9"),
    `${both}9; client_max_window_bits=8`,
  );
  assertEquals(answer("x-other, permessage-deflate"), `${both}10`);
  const asked = "permessage-deflate; server_max_window_bits=15";
  assertEquals(acceptDeflate(parseExtensions(asked)!, {})?.field, asked, "who asks is answered (RFC 7692 §7.1.2.1)");
  assertEquals(answer("x-other"), undefined);
});

Deno.test("agreeDeflate() takes what answers the offer, and nothing else (RFC 7692 §7.1)", () => {
  const agree = (answer: string, wishes = {}) => agreeDeflate(parseExtensions(answer)![0]!, wishes);
  assertEquals(agree("permessage-deflate"), PLAIN);
  assertEquals(agree("permessage-deflate; client_max_window_bits=10; server_no_context_takeover"), {
    ...PLAIN,
    clientMaxWindowBits: 10,
    serverNoContextTakeover: true,
  });
  assertEquals(agree("permessage-deflate", { clientNoContextTakeover: true, clientMaxWindowBits: 12 }), {
    ...PLAIN,
    clientNoContextTakeover: true,
    clientMaxWindowBits: 12,
  });
  assertEquals(agree("permessage-deflate; client_max_window_bits"), undefined);
  assertEquals(agree("x-webkit-deflate-frame"), undefined);
  assertEquals(agree("permessage-deflate; server_max_window_bits=12", { serverMaxWindowBits: 11 }), undefined);
  assertEquals(agree("permessage-deflate", { serverMaxWindowBits: 11 }), undefined);
  assertEquals(agree("permessage-deflate", { serverNoContextTakeover: true }), undefined);
  assertEquals(agree("permessage-deflate; unknown"), undefined);
  assertEquals(
    offerDeflate({ serverMaxWindowBits: 11 }),
    "permessage-deflate; server_max_window_bits=11; client_max_window_bits",
  );
});

vectorTest("parseExtensions() reads what is well-formed and refuses the rest (RFC 6455 §9.1)", load, (data) => {
  for (const { value, parsed } of data.extension_header.ok) {
    const found: Record<string, Record<string, (string | true)[]>[]> = {};
    for (const { name, parameters } of parseExtensions(value)!) {
      const group: Record<string, (string | true)[]> = {};
      for (const [key, value] of parameters) (group[key] ??= []).push(value);
      (Object.hasOwn(found, name) ? found[name]! : found[name] = []).push(group);
    }
    assertEquals(found, parsed, value);
  }
  // An HTTP recipient has trimmed the value, and ignores empty elements (RFC 9110 §5.5, §5.6.1.2).
  const allowed = ["foo,,", " foo", "foo ", "foo\t", "foo;bar ", 'foo;bar="baz" '];
  assertEquals(data.extension_header.error.filter((value) => parseExtensions(value) !== undefined), allowed);
});

/** Text as people send it, and octets that nothing is gained by. */
function payloadOf(kind: string, size: number): Uint8Array<ArrayBuffer> {
  let seed = size + kind.length;
  const next = () => (seed = seed * 1103515245 + 12345 & 0x7fffffff) >>> 8;
  if (kind === "random") return Uint8Array.from({ length: size }, () => next() & 255);
  const words = ["the ", "WebSocket ", "größe ", '{"id": ', '"name", ', "ÄÖÜ ", "€ ", "0123456789 ", "}\n"];
  let text = "";
  while (text.length < size) text += words[next() % words.length];
  return new TextEncoder().encode(text).slice(0, size);
}

const OFFERS = [
  "permessage-deflate; client_max_window_bits",
  "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
  "permessage-deflate; server_max_window_bits=9; client_max_window_bits=9",
  "permessage-deflate; server_max_window_bits=15; client_max_window_bits=15",
  "permessage-deflate; server_no_context_takeover; server_max_window_bits=9; client_no_context_takeover; client_max_window_bits=9",
];

for (const offer of OFFERS) {
  Deno.test(`a client's compressed messages are echoed, of each kind and size, in fragments and whole: ${offer}`, () => {
    const { parameters } = acceptDeflate(parseExtensions(offer)!, {})!;
    for (
      const [size, fragmentBytes] of [[16, Infinity], [64, Infinity], [1024, 256], [8192, 256], [65536, Infinity], [
        131072,
        4096,
      ]]
    ) {
      const options = { limits: { maxMessageBytes: size! }, fragmentBytes: fragmentBytes! };
      const client = connectionOf({
        ...options,
        role: "client",
        compression: () => deflateOf("client", handleCoders, parameters),
      });
      const server = connectionOf({ ...options, compression: () => deflateOf("server", handleCoders, parameters) });
      for (const kind of ["text", "random", "text"]) {
        const payload = payloadOf(kind, size!);
        client.sendBinary(payload);
        const there = drain(client);
        assertEquals(server.receive(there, 0, there.length, 0), there.length);
        const event = server.takeEvent();
        assert(event?.type === "binary", `${event?.type}`);
        assertEquals(event.data, payload);
        server.sendBinary(event.data);
        const back = drain(server);
        client.receive(back, 0, back.length, 0);
        assertEquals(client.takeEvent(), { type: "binary", data: payload });
      }
    }
  });
}

Deno.test("FrameConnection counts a compressed message twice: as it comes and as it is", () => {
  const compression = () => deflateOf("server", handleCoders);
  const sent = deflateRawSync(new Uint8Array(2000), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
  const bomb = frame({ opcode: 1, rsv: 4, payload: new Uint8Array(sent) });
  const big = frame({ opcode: 2, rsv: 4, payload: new Uint8Array(1081) });
  for (
    const [bytes, what] of [[bomb, /decompressed payload must be at most 1000/], [
      big,
      /frame must be at most 1080/,
    ]] as const
  ) {
    const { events } = converse([bytes], { compression, limits: { maxMessageBytes: 1000 } });
    assert(events.length === 1 && events[0]!.startsWith("error 1009") && what.test(events[0]!), events[0]);
  }
});
