/**
 * Owns one end of an HTTP/2 connection that a test plays by hand, in either role: it sends what it is told, right or wrong,
 * and notes each frame that it hears. Knows no rule of RFC 9113 beyond the shape of frames and header blocks.
 *
 * @module
 */

import { concat } from "@std/bytes";
import { HpackDecoder, HpackEncoder, type HpackField } from "../../hpack/mod.ts";
import { DEFAULT_FRAME_SIZE, type Frame, PREFACE } from "../../http2/frame.ts";
import { encodeFrame } from "../../http2/frame_encode.ts";
import { readFrame } from "../../http2/frame_read.ts";
import { Reader, type Transport } from "../../net/mod.ts";
import { task } from "../net/turns.ts";

/** The name of a kind of frame. */
export type FrameKind = Frame["type"];

/** A frame of one kind. */
export type FrameOf<K extends FrameKind> = Extract<Frame, { readonly type: K }>;

/** A field as a pair. */
export type Pair = readonly [name: string, value: string];

/** A parameter of a SETTINGS frame. */
export type Setting = readonly [id: number, value: number];

/** What {@linkcode Peer} may be told. */
export interface PeerOptions {
  /** Which end this is. */
  readonly role: "client" | "server";
  /** Whether it hears what comes at once (the default), or only once {@linkcode Peer.listen} is called. */
  readonly listens?: boolean;
  /** Whether each SETTINGS frame is acknowledged as it comes, as by default. */
  readonly acknowledges?: boolean;
  /** Whether what each DATA frame took of both windows is given back at once; not so by default. */
  readonly refills?: boolean;
  /** The longest payload that the other end may send, in bytes; 16384 by default. */
  readonly maxFrameSize?: number;
}

/** A whole message, or what came of it before the stream or the connection ended. */
export interface Message {
  /** The fields of the heads that came, interim responses first, trailers last. */
  readonly heads: Pair[][];
  /** The content, an octet a character. */
  body: string;
  /** How it ended: by END_STREAM, by a RST_STREAM, or with the connection. */
  end: "whole" | "reset" | "lost";
  /** The code of the RST_STREAM, -1 where none came. */
  code: number;
}

/** What a test seldom cares about. */
const SKIPPED: readonly FrameKind[] = ["settings", "windowUpdate"];

/** The fields of a GET. */
export function get(path = "/", ...more: Pair[]): Pair[] {
  return [[":method", "GET"], [":scheme", "http"], [":path", path], [":authority", "localhost"], ...more];
}

/** The fields of a POST. */
export function post(path = "/", ...more: Pair[]): Pair[] {
  return [[":method", "POST"], [":scheme", "http"], [":path", path], [":authority", "localhost"], ...more];
}

/** One end, played by hand. */
export class Peer implements Disposable {
  readonly transport: Transport;
  readonly role: "client" | "server";
  /** All frames that were heard, in order. */
  readonly heard: Frame[] = [];
  /** Whether the other end has ended its side. */
  ended = false;
  /** What a read rejected with. */
  lost: unknown = undefined;
  /** Why what was heard is no frame; nothing behind it is heard. */
  broken: unknown = undefined;
  /** How many bytes were heard. */
  received = 0;
  /** How many bytes the other end has not taken yet. */
  unsent = 0;
  /** Makes the header blocks of this end. */
  encoder: HpackEncoder = new HpackEncoder();
  readonly #options: Required<PeerOptions>;
  readonly #reader: Reader;
  readonly #decoder = new HpackDecoder({ maxListBytes: Infinity });
  /** Frames that nobody took yet. */
  readonly #untaken: Frame[] = [];
  /** The fields of the header blocks, by the frame that begins each. */
  readonly #fields = new Map<Frame, readonly HpackField[]>();
  /** The frames of a header block that goes on. */
  #block: (FrameOf<"headers"> | FrameOf<"pushPromise"> | FrameOf<"continuation">)[] = [];
  #news = Promise.withResolvers<void>();
  #writes: Promise<void> = Promise.resolve();
  #nextStreamId: number;

  /** Makes an end that alone uses `transport`. Nothing is sent yet. */
  constructor(transport: Transport, options: PeerOptions) {
    this.transport = transport;
    this.role = options.role;
    this.#options = {
      listens: true,
      acknowledges: true,
      refills: false,
      maxFrameSize: DEFAULT_FRAME_SIZE,
      ...options,
    };
    this.#reader = new Reader(transport);
    this.#nextStreamId = options.role === "client" ? 1 : 2;
    if (this.#options.listens) this.listen();
  }

  /** Whether nothing more can come. */
  get over(): boolean {
    return this.ended || this.lost !== undefined || this.broken !== undefined;
  }

  /** What was heard and makes no whole frame, an octet a character. */
  get restText(): string {
    return this.#reader.view.toLatin1();
  }

  /** Hears what comes until the other end ends. */
  async listen(): Promise<void> {
    try {
      if (this.role === "server") await this.#hearPreface();
      while (!this.over && await this.#reader.fill()) this.#hear();
      this.ended = this.broken === undefined;
    } catch (error) {
      this.lost = error;
    }
    this.#tell();
  }

  /** Begins a connection: the preface (by a client), and a SETTINGS frame. The other end's SETTINGS need not have come. */
  open(settings: readonly Setting[] = []): void {
    if (this.role === "client") this.write(PREFACE);
    this.write({ type: "settings", streamId: 0, ack: false, entries: settings });
  }

  /** Sends frames or other octets, behind what was sent before, in one write. An end that takes no more is no error. */
  write(...items: readonly (Frame | Uint8Array)[]): Promise<void> {
    const pieces = items.map((item) => item instanceof Uint8Array ? item : encodeFrame(item));
    this.unsent += pieces.reduce((sum, { length }) => sum + length, 0);
    return this.#queue(async () => {
      for (let rest = joined(pieces); rest.length > 0;) {
        const count = await this.transport.write(rest);
        this.unsent -= count;
        rest = rest.subarray(count);
      }
    });
  }

  /** Sends a header block, with as many CONTINUATION frames as it needs. */
  headers(streamId: number, fields: readonly Pair[], { end = false }: { readonly end?: boolean } = {}): void {
    const block = this.encoder.encodeBlock(fields.map(([name, value]) => ({ name, value })));
    const first = block.subarray(0, DEFAULT_FRAME_SIZE);
    const frames: Frame[] = [
      { type: "headers", streamId, endStream: end, endHeaders: first.length === block.length, fragment: first },
    ];
    for (let at = first.length; at < block.length; at += DEFAULT_FRAME_SIZE) {
      const fragment = block.subarray(at, at + DEFAULT_FRAME_SIZE);
      frames.push({ type: "continuation", streamId, endHeaders: at + fragment.length === block.length, fragment });
    }
    this.write(...frames);
  }

  /** Sends a request's head on a new stream, without more to come unless told otherwise; gives the stream's identifier. */
  request(fields: readonly Pair[] = get(), { end = true }: { readonly end?: boolean } = {}): number {
    const streamId = this.#nextStreamId;
    this.#nextStreamId += 2;
    this.headers(streamId, fields, { end });
    return streamId;
  }

  /** Sends content in one DATA frame, a string as one octet a character. */
  data(streamId: number, content: string | Uint8Array, { end = false }: { readonly end?: boolean } = {}): void {
    const payload = typeof content === "string" ? latin1Bytes(content) : content;
    this.write({ type: "data", streamId, endStream: end, data: payload });
  }

  /** Sends a RST_STREAM. */
  reset(streamId: number, code: number): void {
    this.write({ type: "rstStream", streamId, code });
  }

  /** Gives credit: of a stream, or of the connection where `streamId` is 0. */
  grant(streamId: number, increment: number): void {
    this.write({ type: "windowUpdate", streamId, increment });
  }

  /** The next frame that nobody took; `undefined` where the connection ended before. */
  async next(): Promise<Frame | undefined> {
    while (this.#untaken.length === 0 && !this.over) await this.#news.promise;
    return this.#untaken.shift();
  }

  /**
   * The next frame, which must be of this kind, and of the stream where one is named. Frames of the kinds to `skip`, which
   * are SETTINGS and WINDOW_UPDATE unless told otherwise, are taken away before it. Rejects where another one comes, or none.
   */
  async expect<K extends FrameKind>(
    kind: K,
    { streamId, skip = SKIPPED }: { readonly streamId?: number; readonly skip?: readonly FrameKind[] } = {},
  ): Promise<FrameOf<K>> {
    for (;;) {
      const frame = await this.next();
      const isIt = isOf(frame, kind) && (streamId === undefined || frame.streamId === streamId);
      if (isIt) return frame;
      if (frame !== undefined && skip.includes(frame.type)) continue;
      const wanted = streamId === undefined ? kind : `${kind} of stream ${streamId}`;
      const seen = frame === undefined ? `the end (${Deno.inspect(this.lost ?? this.broken)})` : Deno.inspect(frame);
      throw new Error(`Cannot go on as the next frame must be ${wanted}: received ${seen}`);
    }
  }

  /** The fields of the header block that a frame begins; empty while the block is not whole. */
  fieldsOf(frame: FrameOf<"headers"> | FrameOf<"pushPromise">): Pair[] {
    return (this.#fields.get(frame) ?? []).map(({ name, value }) => [name, value]);
  }

  /** Takes the frames of a stream until it or the connection ends, and leaves those of others. */
  async message(streamId: number): Promise<Message> {
    const message: Message = { heads: [], body: "", end: "lost", code: -1 };
    for (;;) {
      const at = this.#untaken.findIndex((frame) => frame.streamId === streamId);
      if (at < 0 && this.over) return message;
      if (at < 0 || !this.#isWhole(this.#untaken[at]!)) {
        await this.#news.promise;
        continue;
      }
      const [frame] = this.#untaken.splice(at, 1);
      if (this.#join(message, frame!)) return message;
    }
  }

  /** Sends a PING and waits for its answer; false where the connection ended before. */
  async ping(payload: string = "a ping.."): Promise<boolean> {
    this.write({ type: "ping", streamId: 0, ack: false, payload: latin1Bytes(payload) });
    const isAnswer = (frame: Frame) => frame.type === "ping" && frame.ack && latin1(frame.payload) === payload;
    const from = this.heard.length;
    while (!this.heard.slice(from).some(isAnswer)) {
      if (this.over) return false;
      await this.#news.promise;
    }
    const at = this.#untaken.findIndex(isAnswer);
    if (at >= 0) this.#untaken.splice(at, 1);
    return true;
  }

  /** All further frames, once the other end has ended its side. */
  async readToEnd(): Promise<Frame[]> {
    while (!this.over) await this.#news.promise;
    return this.#untaken.splice(0);
  }

  /** Ends this side, behind what was sent before. */
  end(): Promise<void> {
    return this.#queue(() => this.transport.closeWrite());
  }

  /** Closes both sides at once. */
  close(): void {
    this.transport.close();
  }

  /** Closes both sides at once. */
  [Symbol.dispose](): void {
    this.close();
  }

  async #hearPreface(): Promise<void> {
    const preface = await this.#reader.readExact(PREFACE.length);
    this.received += preface.length;
    if (!preface.equals(PREFACE)) this.broken = new Error(`Cannot hear a preface: received ${preface.toLatin1()}`);
    else this.#hear();
  }

  /** Takes the whole frames off what was read. */
  #hear(): void {
    const { buffer, end } = this.#reader;
    const view = buffer.subarray(0, end);
    try {
      for (;;) {
        const read = readFrame(view, this.#reader.start, { maxFrameSize: this.#options.maxFrameSize });
        if (read === undefined) break;
        this.#reader.consume(read.used);
        this.received += read.used;
        this.#note(read.value);
      }
    } catch (error) {
      this.broken = error;
    }
    this.#tell();
  }

  #note(frame: Frame): void {
    this.heard.push(frame);
    this.#untaken.push(frame);
    if (frame.type === "headers" || frame.type === "pushPromise" || frame.type === "continuation") {
      this.#block.push(frame);
      if (frame.endHeaders) this.#decode();
    } else if (frame.type === "settings" && !frame.ack && this.#options.acknowledges) {
      this.write({ type: "settings", streamId: 0, ack: true, entries: [] });
    } else if (frame.type === "data" && this.#options.refills) {
      this.#refill(frame);
    }
  }

  /** The block of frames is whole. */
  #decode(): void {
    const [first] = this.#block;
    const block = joined(this.#block.map(({ fragment }) => fragment));
    this.#block = [];
    if (first === undefined || first.type === "continuation") {
      throw new Error("Cannot hear a block without a beginning");
    }
    this.#fields.set(first, this.#decoder.decode(block, 0, block.length) ?? []);
  }

  #refill(frame: FrameOf<"data">): void {
    const increment = frame.data.length + (frame.padLength === undefined ? 0 : frame.padLength + 1);
    if (increment === 0) return;
    this.grant(0, increment);
    if (!frame.endStream) this.grant(frame.streamId, increment);
  }

  /** Whether all of a frame's header block came. */
  #isWhole(frame: Frame): boolean {
    return frame.type !== "headers" && frame.type !== "pushPromise" || this.#fields.has(frame);
  }

  /** Adds a frame to a message; true where it is the last one. */
  #join(message: Message, frame: Frame): boolean {
    if (frame.type === "rstStream") {
      message.end = "reset";
      message.code = frame.code;
      return true;
    }
    if (frame.type === "headers") message.heads.push(this.fieldsOf(frame));
    else if (frame.type === "data") message.body += latin1(frame.data);
    else return false;
    if (frame.endStream) message.end = "whole";
    return frame.endStream;
  }

  #tell(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers<void>();
  }

  #queue(step: () => Promise<void>): Promise<void> {
    this.#writes = this.#writes.then(step).catch((error: unknown) => {
      const { BrokenPipe, ConnectionReset, Interrupted, BadResource } = Deno.errors;
      if (![BrokenPipe, ConnectionReset, Interrupted, BadResource].some((gone) => error instanceof gone)) throw error;
    });
    return this.#writes;
  }
}

/** Lets what is under way in memory go on until none of the ends hears or sends anything more. */
export async function settled(...peers: readonly Peer[]): Promise<void> {
  const figure = () => peers.map(({ received, unsent, over }) => `${received} ${unsent} ${over}`).join();
  for (let last = "", same = 0; same < 5; same++) {
    await task();
    const now = figure();
    if (now !== last) same = 0;
    last = now;
  }
}

/** Octets as text, a character each. */
export function latin1(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096));
  return text;
}

function latin1Bytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return pieces.length === 1 ? pieces[0]! : concat(pieces);
}

function isOf<K extends FrameKind>(frame: Frame | undefined, kind: K): frame is FrameOf<K> {
  return frame?.type === kind;
}
