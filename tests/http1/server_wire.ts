/**
 * Owns the drive of a `ServerConnection` by hand: text in, events noted, text out, on a time that the test tells. Decides
 * nothing itself.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { ServerConnection, type ServerEvent } from "../../http1/connection.ts";
import type { ServerExchange } from "../../http1/exchange.ts";
import {
  type ConnectionLimits,
  type ConnectionTimeouts,
  DEFAULT_LIMITS,
  DEFAULT_TIMEOUTS,
} from "../../http1/limits.ts";
import type { Http1Error } from "../../http1/error.ts";

/** Octets as text, a character each. */
export function latin1(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096));
  return text;
}

/** Text as octets, one a character. */
export function octets(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** A connection whose peer is the test. */
export class ServerWire {
  readonly core: ServerConnection;
  /** The requests, in the order of their events. */
  readonly exchanges: ServerExchange[] = [];
  /** The content that came of each. */
  readonly content = new Map<ServerExchange, string>();
  /** What ended: each exchange whose content is whole, in order. */
  readonly ended: ServerExchange[] = [];
  readonly errors: { readonly exchange: ServerExchange | undefined; readonly error: Http1Error }[] = [];
  /** Is told of each event when it comes. */
  onEvent: ((event: ServerEvent) => void) | undefined;
  now = 0;
  #unread = new Uint8Array(0);

  constructor(options: { limits?: Partial<ConnectionLimits>; timeouts?: Partial<ConnectionTimeouts> } = {}) {
    this.core = new ServerConnection({
      limits: { ...DEFAULT_LIMITS, ...options.limits },
      timeouts: { ...DEFAULT_TIMEOUTS, ...options.timeouts },
      parsers: [],
      now: 0,
    });
  }

  /** Receives text behind what was not used before; gives how many bytes are unused now. */
  receive(text: string): number {
    const bytes = new Uint8Array(this.#unread.length + text.length);
    bytes.set(this.#unread);
    bytes.set(octets(text), this.#unread.length);
    this.#unread = bytes;
    this.pump();
    return this.#unread.length;
  }

  /** Lets the core go on with what it has not used, and notes its events, until neither makes progress. */
  pump(): void {
    for (;;) {
      const bytes = this.#unread;
      const used = bytes.length > 0 ? this.core.receive(bytes, 0, bytes.length, this.now) : 0;
      this.#unread = bytes.slice(used);
      if (!this.#note(bytes) && used === 0) return;
    }
  }

  /** Ends the peer's side. */
  receiveEnd(): void {
    this.core.receiveEnd(this.now);
    this.#note(this.#unread);
  }

  /** Moves the time, and tells the core where it wanted to be told. */
  advance(ms: number): void {
    this.now += ms;
    if (this.core.deadline <= this.now) this.core.expire(this.now);
    this.pump();
  }

  /** Takes all output, `step` bytes at a time. */
  take(step: number = Infinity): string {
    let text = "";
    for (let view = this.core.takeOutput(this.now); view !== undefined; view = this.core.takeOutput(this.now)) {
      const count = Math.min(step, view.length);
      text += latin1(view.subarray(0, count));
      this.core.sent(count, this.now);
    }
    return text;
  }

  #note(bytes: Uint8Array): boolean {
    let some = false;
    for (let event = this.core.events.shift(); event !== undefined; event = this.core.events.shift()) {
      some = true;
      if (event.type === "request") {
        this.exchanges.push(event.exchange);
        this.content.set(event.exchange, "");
      } else if (event.type === "data") {
        const before = this.content.get(event.exchange) ?? "";
        this.content.set(event.exchange, before + latin1(bytes.subarray(event.start, event.end)));
      } else if (event.type === "end") this.ended.push(event.exchange);
      else this.errors.push(event);
      this.onEvent?.(event);
    }
    return some;
  }
}

/** A head of an answer. */
export function head(status = 200, ...fields: readonly (readonly [name: string, value: string])[]) {
  return { status, reason: "", fields: fields.map(([name, value]) => ({ name, value })) };
}

/** Requests of every kind. */
export const REQUESTS = {
  get: "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
  old: "GET / HTTP/1.0\r\n\r\n",
  head: "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
  post: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
  chunked: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n",
  upgrade: "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
  connect: "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
} as const;

/** A connection that has received this, and the exchange that it began first. */
export function begun(
  text: string,
  options: ConstructorParameters<typeof ServerWire>[0] = {},
): [ServerWire, ServerExchange] {
  const wire = new ServerWire(options);
  wire.receive(text);
  return [wire, wire.exchanges[0]!];
}

/** Asserts that the answer is this one, and nothing behind it. */
export function assertSent(wire: ServerWire, lines: readonly string[], content = ""): void {
  assertEquals(wire.take(), `${lines.map((line) => `${line}\r\n`).join("")}\r\n${content}`);
}
