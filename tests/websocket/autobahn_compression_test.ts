/**
 * Owns the Autobahn suite's groups 12 and 13 by their parameters: compressed messages of all sizes, in fragments and whole,
 * by every combination of what the ends may ask of each other. The tester's end is zlib's public functions alone; each case
 * has fewer messages than the suite's thousand where they are long. Knows nothing of how contexts are kept.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { constants, createDeflateRaw, deflateRawSync, inflateRawSync } from "node:zlib";
import {
  acceptDeflate,
  agreeDeflate,
  type DeflateParameters,
  type DeflateWishes,
  offerDeflate,
  parseExtensions,
  type Role,
  WebSocketError,
} from "../../websocket/mod.ts";
import { PerMessageDeflate } from "../../websocket/deflate.ts";
import { connectionOf, drain, frame, join, readFrames } from "./conversation.ts";

/** `[length, fragments of so many octets, or 0]`: the eighteen cases of each group, in the suite's order. */
const SIZES: readonly (readonly [length: number, fragments: number])[] = [
  ...[16, 64, 256, 1024, 4096, 8192, 16384, 32768, 65536, 131072].map((length) => [length, 0] as const),
  ...[8192, 16384, 32768, 65536, 131072].map((length) => [length, 256] as const),
  ...[1024, 4096, 32768].map((fragments) => [131072, fragments] as const),
];

/** How much a case sends in all, in bytes: at least three messages, so that contexts matter, at most a thousand. */
const CASE_BYTES = 128 * 1024;
const countOf = (length: number) => Math.min(1000, Math.max(3, Math.floor(CASE_BYTES / length)));

const TAIL = Uint8Array.of(0, 0, 0xff, 0xff);
const TESTER_KEY = 0x37fa213d;

/** Octets that differ from message to message; `Math.sin` serves where no chance may. */
const noise = (seed: number) => Math.floor(Math.abs(Math.sin(seed)) * 1e6);

/** The five kinds of payload: the suite's files are others', so these are of their kind only. */
const KINDS: Readonly<Record<string, (seed: number) => string | Uint8Array>> = {
  JSON: (seed) =>
    JSON.stringify({ id: seed, name: `name ${noise(seed)}`, tags: ["a", "b", noise(seed + 1)], ok: seed % 2 === 0 }),
  bitmap: (seed) => Uint8Array.from({ length: 64 }, (_, at) => 128 + 90 * Math.sin((seed + at) / 17)),
  German: (seed) => ["Habe nun, ach! ", "Straße, über, Öl. ", "mit heißem Bemühn "][noise(seed) % 3]!,
  HTML: (seed) => `<li class="item"><a href="/items/${noise(seed)}">Item ${seed}</a></li>\n`,
  PDF: (seed) => Uint8Array.from({ length: 64 }, (_, at) => noise(seed * 64 + at)),
};

/** A message's octets: text stays UTF-8, as what doesn't fit is made of blanks. */
function payloadOf(kind: string, length: number, turn: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length).fill(0x20);
  for (let at = 0, seed = 1000 * turn; at < length; seed++) {
    const piece = KINDS[kind]!(seed);
    const octets = typeof piece === "string" ? new TextEncoder().encode(piece) : piece;
    if (at + octets.length > length) break;
    bytes.set(octets, at);
    at += octets.length;
  }
  return bytes;
}

/** What is compressed by the tester: each message on its own, or by one stream that is flushed behind each. */
async function compressed(messages: readonly Uint8Array[], windowBits: number, alone: boolean): Promise<Uint8Array[]> {
  if (alone) {
    const options = { windowBits, finishFlush: constants.Z_SYNC_FLUSH };
    return messages.map((message) => new Uint8Array(deflateRawSync(message, options).subarray(0, -4)));
  }
  const stream = createDeflateRaw({ windowBits });
  const parts: Buffer[] = [];
  stream.on("data", (part: Buffer) => parts.push(part));
  const done: Uint8Array[] = [];
  for (const message of messages) {
    stream.write(message);
    await new Promise<void>((resolve) => stream.flush(constants.Z_SYNC_FLUSH, () => resolve()));
    done.push(new Uint8Array(Buffer.concat(parts.splice(0)).subarray(0, -4)));
  }
  stream.close();
  return done;
}

/** What the tester reads: each message on its own, or all of them as the one stream that they are. */
function inflated(payloads: readonly Uint8Array[], windowBits: number, alone: boolean): Uint8Array {
  const options = { windowBits, finishFlush: constants.Z_SYNC_FLUSH };
  const inflate = (bytes: Uint8Array) => new Uint8Array(inflateRawSync(bytes, options));
  if (alone) return join(payloads.map((payload) => inflate(join([payload, TAIL]))));
  return inflate(join(payloads.flatMap((payload) => [payload, TAIL])));
}

/** A message in frames, as the tester cuts it. */
function framesOf(payload: Uint8Array, opcode: number, fragments: number, key: number | null): Uint8Array[] {
  const most = fragments === 0 ? Infinity : fragments;
  if (payload.length <= most) return [frame({ opcode, rsv: 4, payload, key })];
  const frames: Uint8Array[] = [];
  for (let at = 0; at < payload.length; at += most) {
    const part = payload.subarray(at, at + most);
    const isFirst = at === 0;
    frames.push(
      frame({
        opcode: isFirst ? opcode : 0,
        rsv: isFirst ? 4 : 0,
        fin: at + most >= payload.length,
        payload: part,
        key,
      }),
    );
  }
  return frames;
}

interface Conversation {
  readonly role: Role;
  readonly parameters: DeflateParameters;
  readonly kind: string;
}

/** One of the eighteen cases. */
async function converse({ role, parameters, kind }: Conversation, [length, fragments]: readonly [number, number]) {
  const isServer = role === "server";
  const { serverMaxWindowBits, clientMaxWindowBits, serverNoContextTakeover, clientNoContextTakeover } = parameters;
  const [ownBits, ownAlone] = isServer
    ? [serverMaxWindowBits, serverNoContextTakeover]
    : [clientMaxWindowBits, clientNoContextTakeover];
  const [testerBits, testerAlone] = isServer
    ? [clientMaxWindowBits, clientNoContextTakeover]
    : [serverMaxWindowBits, serverNoContextTakeover];
  const messages = Array.from({ length: countOf(length) }, (_, turn) => payloadOf(kind, length, turn));
  const settings = { level: 1, memLevel: 8, threshold: 0 };
  const compression = () => new PerMessageDeflate({ role, parameters, settings });
  const connection = connectionOf({ role, compression });
  const isText = !["bitmap", "PDF"].includes(kind);
  const sent: Uint8Array[] = [];
  for (const payload of await compressed(messages, testerBits, testerAlone)) {
    for (const bytes of framesOf(payload, isText ? 1 : 2, fragments, isServer ? TESTER_KEY : null)) {
      assertEquals(connection.receive(bytes, 0, bytes.length, 0), bytes.length);
    }
    const event = connection.takeEvent();
    if (event?.type === "text") connection.sendText(event.data);
    else if (event?.type === "binary") connection.sendBinary(event.data);
    else throw new Error(`a message must come: ${Deno.inspect(event)}`);
    sent.push(drain(connection));
  }
  const frames = readFrames(join(sent));
  assert(frames.every(({ first }) => first === (isText ? 0xc1 : 0xc2)), `${kind} of ${length}`);
  const back = inflated(frames.map(({ payload }) => payload), ownBits, ownAlone);
  const whole = join(messages);
  assertEquals(back.length, whole.length);
  assert(back.every((octet, at) => octet === whole[at]), `${kind} of ${length}, in fragments of ${fragments}`);
  connection.abort(new WebSocketError("The case has ended"));
}

/** What the suite's ends ask of each other: `[no context takeover, window bits or 0]`, the most wanted first. */
type Asked = readonly (readonly [alone: boolean, bits: number])[];
const GROUP_13: Readonly<Record<string, Asked>> = {
  "13.1": [[false, 0]],
  "13.2": [[true, 0]],
  "13.3": [[false, 9]],
  "13.4": [[false, 15]],
  "13.5": [[true, 9]],
  "13.6": [[true, 15]],
  "13.7": [[true, 9], [true, 0], [false, 0]],
};

/** As the suite's client offers: it takes all that may be asked of it, and asks for some. */
function offerOf(asked: Asked): string {
  return asked.map(([alone, bits]) =>
    "permessage-deflate; client_no_context_takeover; client_max_window_bits" +
    (alone ? "; server_no_context_takeover" : "") + (bits === 0 ? "" : `; server_max_window_bits=${bits}`)
  ).join(", ");
}

/** What our server and the suite's client agree on. */
function agreedAsServer(asked: Asked): DeflateParameters {
  const agreed = acceptDeflate(parseExtensions(offerOf(asked))!, {});
  assert(agreed !== undefined);
  const [alone, bits] = asked[0]!;
  assertEquals(
    [/server_no_context_takeover/.test(agreed.field), /server_max_window_bits=(\d+)/.exec(agreed.field)?.[1]],
    [alone, bits === 0 ? undefined : String(bits)],
  );
  return agreed.parameters;
}

/** What our client and the suite's server agree on: it grants what we ask, and asks in turn. */
function agreedAsClient([first]: Asked): DeflateParameters {
  const [alone, bits] = first!;
  const wishes: DeflateWishes = alone ? { serverNoContextTakeover: true } : {};
  assert(offerDeflate(wishes).includes("client_max_window_bits"), "a server may ask for a window");
  const answer = "permessage-deflate" + (alone ? "; server_no_context_takeover; client_no_context_takeover" : "") +
    (bits === 0 ? "" : `; client_max_window_bits=${bits}`);
  const parameters = agreeDeflate(parseExtensions(answer)![0]!, wishes);
  assert(parameters !== undefined);
  assertEquals(parameters, {
    serverNoContextTakeover: alone,
    clientNoContextTakeover: alone,
    serverMaxWindowBits: 15,
    clientMaxWindowBits: bits === 0 ? 15 : bits,
  });
  return parameters;
}

for (const role of ["server", "client"] as const) {
  const agreed = role === "server" ? agreedAsServer : agreedAsClient;
  Object.keys(KINDS).forEach((kind, at) => {
    Deno.test(`FrameConnection passes Autobahn's 12.${at + 1}.1 to 12.${at + 1}.18 as a ${role}: ${kind}`, async () => {
      for (const size of SIZES) await converse({ role, kind, parameters: agreed([[false, 0]]) }, size);
    });
  });
  for (const [group, asked] of Object.entries(GROUP_13)) {
    const said = asked.map(([alone, bits]) => `(${alone}, ${bits})`).join(", ");
    Deno.test(`FrameConnection passes Autobahn's ${group}.1 to ${group}.18 as a ${role}: ${said}`, async () => {
      for (const size of SIZES) await converse({ role, kind: "JSON", parameters: agreed(asked) }, size);
    });
  }
}
