/**
 * Owns a connection of either role without a driver, and its peer as frames and plain text: what is sent to it, what it sends,
 * what it tells. Knows no rule of RFC 9113 beyond the shape of frames and header blocks.
 *
 * @module
 */

import { concat } from "@std/bytes";
import { HpackDecoder, HpackEncoder } from "../../hpack/mod.ts";
import { Http2Connection } from "../../http2/connection.ts";
import { errorCodeName } from "../../http2/error.ts";
import type { Http2Event } from "../../http2/events.ts";
import { type Frame, PREFACE } from "../../http2/frame.ts";
import { encodeFrame } from "../../http2/frame_encode.ts";
import {
  DEFAULT_HTTP2_LIMITS,
  DEFAULT_HTTP2_TIMEOUTS,
  type Http2ClientTimeouts,
  type Http2Limits,
  type Http2Timeouts,
} from "../../http2/limits.ts";
import type { Http2Stream } from "../../http2/stream.ts";
import { readFrames } from "./core_run.ts";
import { latin1, type Pair, type Setting } from "./peer.ts";

/** What {@linkcode Rig} may be told. */
export interface RigOptions {
  /** The role of the connection; a server by default. */
  readonly role?: "server" | "client";
  readonly limits?: Partial<Http2Limits>;
  readonly timeouts?: Partial<Http2Timeouts & Http2ClientTimeouts>;
  readonly acceptsPush?: boolean;
  /** Whether the peer's preface and its acknowledgement of ours have come, as by default. */
  readonly greets?: boolean;
  /** The peer's settings. */
  readonly settings?: readonly Setting[];
}

/** How what is sent is cut: whole, octet by octet, or once at an offset. */
type Cut = "whole" | "octets" | number;

/** A connection, and its peer. */
export class Rig {
  readonly core: Http2Connection;
  /** The time, in milliseconds. */
  now = 0;
  /** All events, in order. */
  readonly events: Http2Event<unknown>[] = [];
  /** The length of the longest of all that was sent at once, in bytes. */
  longest = 0;
  /** Makes the peer's header blocks. */
  readonly encoder: HpackEncoder = new HpackEncoder();
  readonly #decoder = new HpackDecoder({ maxListBytes: Infinity });
  readonly #cut: Cut;
  readonly #told: string[] = [];
  #unread = new Uint8Array(0);

  /** Makes a connection, whose preface is taken away. */
  constructor(options: RigOptions = {}, cut: Cut = "whole") {
    const { role = "server", acceptsPush = false, greets = true, settings = [] } = options;
    this.#cut = cut;
    this.core = new Http2Connection({
      role,
      limits: { ...DEFAULT_HTTP2_LIMITS, ...options.limits },
      timeouts: { ...DEFAULT_HTTP2_TIMEOUTS, ...options.timeouts },
      acceptsPush,
      now: this.now,
    });
    if (!greets) return;
    this.take();
    if (role === "server") this.send(PREFACE);
    this.send(settingsFrame(settings), SETTINGS_ACK);
    this.take();
    this.tell();
  }

  /** The peer sends frames or other octets. */
  send(...items: readonly (Frame | Uint8Array)[]): void {
    const octets = concat(items.map((item) => item instanceof Uint8Array ? item : encodeFrame(item)));
    this.longest = Math.max(this.longest, octets.length);
    if (this.#cut === "whole") return this.#receive(octets);
    const step = this.#cut === "octets" ? 1 : octets.length;
    const first = this.#cut === "octets" ? 1 : Math.min(this.#cut, octets.length);
    this.#receive(octets.subarray(0, first));
    for (let at = first; at < octets.length; at += step) this.#receive(octets.subarray(at, at + step));
  }

  #receive(octets: Uint8Array): void {
    const view = concat([this.#unread, octets]);
    const used = this.core.receive(view, 0, view.length, this.now);
    this.#unread = view.slice(used);
    this.#note(view);
  }

  /** The peer ends its side. */
  sendEnd(): void {
    this.core.receiveEnd(this.now);
    this.#note(this.#unread);
  }

  #note(view: Uint8Array): void {
    for (const event of this.core.events.splice(0)) {
      this.events.push(event);
      this.#told.push(textOfEvent(event, view));
    }
  }

  /** A header block of the peer's, in one frame. */
  head(streamId: number, fields: readonly Pair[], { end = false }: { readonly end?: boolean } = {}): Frame {
    return { type: "headers", streamId, endStream: end, endHeaders: true, fragment: this.block(fields) };
  }

  /** The octets of a header block of the peer's. */
  block(fields: readonly Pair[]): Uint8Array {
    return this.encoder.encodeBlock(fields.map(([name, value]) => ({ name, value })));
  }

  /** The stream of this number, which the events have told of, or a command has opened. */
  stream(id: number): Http2Stream {
    for (const event of this.events) {
      if (event.type === "push" && event.promised.id === id) return event.promised;
      if ("stream" in event && event.stream.id === id) return event.stream;
    }
    throw new Error(`Cannot give stream ${id} as an event must have told of it`);
  }

  /** Takes all that is to be sent now. */
  takeOctets(): Uint8Array {
    const pieces: Uint8Array[] = [];
    for (let view = this.core.takeOutput(this.now); view !== undefined; view = this.core.takeOutput(this.now)) {
      pieces.push(view.slice());
      this.core.sent(view.length, this.now);
    }
    this.#note(this.#unread);
    return concat(pieces);
  }

  /** Takes all that is to be sent now, as frames. */
  takeFrames(): Frame[] {
    return framesOf(this.takeOctets());
  }

  /** Takes all that is to be sent now, a line a frame. */
  take(): string[] {
    return this.textOf(this.takeOctets());
  }

  /** Gives what was sent as text, a line a frame. */
  textOf(octets: Uint8Array): string[] {
    return framesOf(octets).map((frame) => this.#textOf(frame));
  }

  /** Takes what was told, a line an event. */
  tell(): string[] {
    this.#note(this.#unread);
    return this.#told.splice(0);
  }

  /** Lets time go by; what is due is done when it is. */
  advance(ms: number): void {
    const until = this.now + ms;
    for (let steps = 0; this.core.deadline <= until; steps++) {
      if (steps > 1_000) throw new Error(`Cannot advance as the deadline stays at ${this.core.deadline}`);
      this.now = Math.max(this.now, this.core.deadline);
      this.core.expire(this.now);
      this.#note(this.#unread);
    }
    this.now = until;
  }

  #textOf(frame: Frame): string {
    switch (frame.type) {
      case "headers":
      case "pushPromise": {
        const fields = frame.endHeaders ? this.fieldsOf(frame.fragment) : ["more"];
        const name = frame.type === "headers" ? "HEADERS" : `PUSH_PROMISE ${frame.promisedId} on`;
        const end = "endStream" in frame && frame.endStream ? " END" : "";
        return `${name} ${frame.streamId}${end} ${fields.join(", ")}`;
      }
      case "data":
        return `DATA ${frame.streamId}${frame.endStream ? " END" : ""} ${frame.data.length}`;
      case "continuation":
        return `CONTINUATION ${frame.streamId} ${frame.fragment.length}`;
      case "rstStream":
        return `RST_STREAM ${frame.streamId} ${errorCodeName(frame.code)}`;
      case "goAway":
        return `GOAWAY ${frame.lastStreamId} ${errorCodeName(frame.code)}`;
      case "windowUpdate":
        return `WINDOW_UPDATE ${frame.streamId} ${frame.increment}`;
      case "settings":
        return frame.ack ? "SETTINGS ACK" : `SETTINGS ${frame.entries.map((entry) => entry.join("=")).join(" ")}`;
      case "ping":
        return frame.ack ? `PING ACK ${frame.payload.toHex()}` : "PING";
      default:
        return frame.type;
    }
  }

  /** Reads a header block of the connection's, a line a field. */
  fieldsOf(block: Uint8Array): string[] {
    return (this.#decoder.decode(block, 0, block.length) ?? []).map(({ name, value }) => `${name}=${value}`);
  }
}

/** The frames of an output, behind a preface where it has one. */
function framesOf(octets: Uint8Array): Frame[] {
  const hasPreface = octets.subarray(0, PREFACE.length).every((octet, index) => octet === PREFACE[index]);
  return readFrames(octets.length > 0 && hasPreface ? octets.subarray(PREFACE.length) : octets);
}

function textOfEvent(event: Http2Event<unknown>, view: Uint8Array): string {
  switch (event.type) {
    case "request":
      return `request ${event.stream.id} ${event.head.method} ${event.head.path}${event.whole ? " whole" : ""}`;
    case "response":
    case "informational":
      return `${event.type} ${event.stream.id} ${event.head.status}${event.whole ? " whole" : ""}`;
    case "data":
      return `data ${event.stream.id} ${latin1(view.subarray(event.start, event.end))}`;
    case "end":
      return ["end", event.stream.id, ...event.trailers.map(({ name, value }) => `${name}=${value}`)].join(" ");
    case "reset": {
      const by = `${event.byPeer ? " by peer" : ""}${event.unprocessed ? " unprocessed" : ""}`;
      return `reset ${event.stream.id} ${errorCodeName(event.error.code)}${by}`;
    }
    case "push":
      return `push ${event.promised.id} on ${event.stream.id} ${event.head.method} ${event.head.path}`;
    case "room":
    case "sent":
      return `${event.type} ${event.stream.id}`;
    case "goAway":
      return `goAway ${event.lastStreamId} ${errorCodeName(event.code)} ${event.debug}`;
    case "pong":
      return `pong ${event.time}`;
    case "error":
      return `error ${errorCodeName(event.error.code)}`;
    case "origin":
      return `origin ${event.origins.join(" ")}`;
    case "altSvc":
      return `altSvc ${event.streamId} ${event.origin} ${event.value}`;
    case "settings":
      return event.type;
  }
}

/** A SETTINGS frame of the peer's. */
export function settingsFrame(entries: readonly Setting[] = []): Frame {
  return { type: "settings", streamId: 0, ack: false, entries };
}

/** The acknowledgement of SETTINGS. */
export const SETTINGS_ACK: Frame = { type: "settings", streamId: 0, ack: true, entries: [] };

/** A DATA frame of so many octets, or of this text. */
export function data(streamId: number, content: number | string, { end = false, pad = -1 } = {}): Frame {
  const bytes = typeof content === "number" ? new Uint8Array(content) : new TextEncoder().encode(content);
  const padding = pad < 0 ? {} : { padLength: pad };
  return { type: "data", streamId, endStream: end, ...padding, data: bytes };
}

/** A WINDOW_UPDATE frame. */
export function grant(streamId: number, increment: number): Frame {
  return { type: "windowUpdate", streamId, increment };
}

/** A RST_STREAM frame. */
export function rst(streamId: number, code = 8): Frame {
  return { type: "rstStream", streamId, code };
}

/** A PING frame; `octet` is all of its payload. */
export function ping(octet: number, ack = false): Frame {
  return { type: "ping", streamId: 0, ack, payload: new Uint8Array(8).fill(octet) };
}

/** A GOAWAY frame. */
export function goAway(lastStreamId: number, code = 0): Frame {
  return { type: "goAway", streamId: 0, lastStreamId, code, debug: new Uint8Array(0) };
}

/** The octets of a frame of any kind, right or wrong (RFC 9113 §4.1). */
export function rawFrame(type: number, flags: number, id: number, payload: readonly number[] = []): Uint8Array {
  const { length } = payload;
  const head = [length >>> 16, length >>> 8, length, type, flags, id >>> 24, id >>> 16, id >>> 8, id];
  return Uint8Array.from([...head, ...payload]);
}

/**
 * Defines a test whose scenario runs with all that is sent whole, octet by octet, and cut at each offset; what it expects must
 * hold each time.
 */
export function everyWay(name: string, scenario: (make: (options?: RigOptions) => Rig) => void): void {
  Deno.test(name, () => {
    let longest = 0;
    const run = (cut: Cut) => {
      const rigs: Rig[] = [];
      scenario((options) => {
        const rig = new Rig(options, cut);
        rigs.push(rig);
        return rig;
      });
      longest = Math.max(longest, ...rigs.map((rig) => rig.longest));
    };
    run("whole");
    run("octets");
    for (let cut = 1; cut < longest; cut++) run(cut);
  });
}
