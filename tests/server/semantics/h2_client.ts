/**
 * Owns an HTTP/2 client for tests, over the end that tests play by hand: streams, and the windows of both levels, by
 * RFC 9113's letter. Must not know what is asked, nor what is beneath its transport.
 *
 * @module
 */

import { DEFAULT_FRAME_SIZE, DEFAULT_WINDOW, type Frame } from "../../../http2/frame.ts";
import type { Transport } from "../../../net/transport.ts";
import { type FrameOf, type Pair, Peer } from "../../http2/peer.ts";
import type { Connection, Exchange, Fields, Head, Sending } from "./client.ts";

/** SETTINGS_INITIAL_WINDOW_SIZE (RFC 9113 §6.5.2). */
const INITIAL_WINDOW_SIZE = 0x4;

/** CANCEL (RFC 9113 §7). */
const CANCEL = 0x8;

const encoder = new TextEncoder();

/** A connection whose exchanges go on side by side. */
export class H2Connection implements Connection {
  readonly peer: Peer;
  readonly #scheme: string;
  readonly #authority: string;
  readonly #exchanges = new Map<number, H2Exchange>();
  /** What may be sent on the connection, and on a stream that is new, in bytes. */
  #window = DEFAULT_WINDOW;
  #initialWindow = DEFAULT_WINDOW;
  /** Settles when there is room where there was none. */
  #room = Promise.withResolvers<void>();
  #over = false;

  /** Speaks over a transport, with prior knowledge (RFC 9113 §3.3) or where ALPN has chosen HTTP/2. */
  constructor(transport: Transport, authority: string) {
    this.peer = new Peer(transport, { role: "client" });
    this.#scheme = transport.secure ? "https" : "http";
    this.#authority = authority;
    this.peer.open();
    this.#listen();
  }

  open(sending: Sending): Promise<Exchange> {
    const { method = "GET", target = "/", fields = [], content, streamed = false } = sending;
    const bytes = typeof content === "string" ? encoder.encode(content) : content;
    const head: Pair[] = [
      [":method", method],
      [":scheme", this.#scheme],
      [":authority", this.#authority],
      [":path", target],
      ...fields,
    ];
    if (bytes !== undefined) head.push(["content-length", String(bytes.length)]);
    const end = !streamed && (bytes?.length ?? 0) === 0;
    const id = this.peer.request(head, { end });
    const exchange = new H2Exchange(this, id, this.#initialWindow);
    this.#exchanges.set(id, exchange);
    if (bytes !== undefined && !end) exchange.sendWhole(bytes);
    return Promise.resolve(exchange);
  }

  close(): void {
    this.peer.close();
  }

  /** Sends content as far as the windows allow, and waits for room for the rest; stops where the stream has ended. */
  async send(exchange: H2Exchange, bytes: Uint8Array, end: boolean): Promise<void> {
    for (let rest = bytes;;) {
      const room = Math.min(this.#window, exchange.window, DEFAULT_FRAME_SIZE);
      if (room <= 0 && rest.length > 0) {
        await this.#room.promise;
        if (this.#over || exchange.reset) throw new Deno.errors.BrokenPipe("The stream has ended");
        continue;
      }
      const piece = rest.subarray(0, Math.max(0, room));
      rest = rest.subarray(piece.length);
      this.#window -= piece.length;
      exchange.window -= piece.length;
      const last = rest.length === 0;
      await this.peer.write({ type: "data", streamId: exchange.id, endStream: end && last, data: piece });
      if (last) return;
    }
  }

  async #listen(): Promise<void> {
    for (let frame = await this.peer.next(); frame !== undefined; frame = await this.peer.next()) this.#on(frame);
    this.#over = true;
    for (const exchange of this.#exchanges.values()) exchange.note(undefined);
    this.#makeRoom();
    this.peer.close(); // there is nothing more to wait for
  }

  #on(frame: Frame): void {
    if (frame.type === "windowUpdate") {
      if (frame.streamId === 0) this.#window += frame.increment;
      else {
        const exchange = this.#exchanges.get(frame.streamId);
        if (exchange !== undefined) exchange.window += frame.increment;
      }
      this.#makeRoom();
    } else if (frame.type === "settings") {
      for (const [id, value] of frame.entries) if (id === INITIAL_WINDOW_SIZE) this.#resize(value);
    } else {
      this.#exchanges.get(frame.streamId)?.note(frame);
      if (frame.type === "rstStream") this.#makeRoom();
    }
  }

  /** RFC 9113 §6.9.2: the windows of open streams change too. */
  #resize(initialWindow: number): void {
    for (const exchange of this.#exchanges.values()) exchange.window += initialWindow - this.#initialWindow;
    this.#initialWindow = initialWindow;
    this.#makeRoom();
  }

  #makeRoom(): void {
    this.#room.resolve();
    this.#room = Promise.withResolvers();
  }
}

/** One stream. */
export class H2Exchange implements Exchange {
  readonly id: number;
  readonly interim: Head[] = [];
  trailers: Fields = [];
  /** What may be sent on the stream, in bytes. */
  window: number;
  /** The code of the RST_STREAM that ended it. */
  code: number | undefined;
  readonly #connection: H2Connection;
  /** What came and was not looked at. */
  readonly #frames: (FrameOf<"headers"> | FrameOf<"data"> | FrameOf<"continuation">)[] = [];
  #head: Head | undefined;
  /** Whether all of the answer was looked at. */
  #ended = false;
  #lost = false;
  #news = Promise.withResolvers<void>();
  #sent: Promise<void> = Promise.resolve();

  /** Made for a stream whose request was sent. */
  constructor(connection: H2Connection, id: number, window: number) {
    this.#connection = connection;
    this.id = id;
    this.window = window;
  }

  /** Whether the other end has given up. */
  get reset(): boolean {
    return this.code !== undefined;
  }

  /** Takes a frame of this stream, or hears that none will come. */
  note(frame: Frame | undefined): void {
    if (frame === undefined) this.#lost = true;
    else if (frame.type === "rstStream") this.code = frame.code;
    else if (frame.type === "headers" || frame.type === "data" || frame.type === "continuation") {
      this.#frames.push(frame);
    }
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }

  /** Sends content whole; an answer that comes before it has left is none of its concern. */
  sendWhole(bytes: Uint8Array): void {
    this.#sent = this.#connection.send(this, bytes, true).catch((error: unknown) => {
      if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
    });
  }

  async write(piece: string | Uint8Array): Promise<void> {
    await this.#connection.send(this, typeof piece === "string" ? encoder.encode(piece) : piece, false);
  }

  async end(trailers: Fields = []): Promise<void> {
    if (trailers.length === 0) await this.#connection.send(this, new Uint8Array(0), true);
    else this.#connection.peer.headers(this.id, trailers, { end: true });
  }

  async informed(): Promise<Head> {
    const head = await this.#next();
    if (head.status >= 200) throw new TypeError(`The answer is final: ${head.status}`);
    return head;
  }

  async head(): Promise<Head> {
    while (this.#head === undefined) await this.#next();
    return this.#head;
  }

  /** The next head; the whole block of it must have come. */
  async #next(): Promise<Head> {
    const frame = await this.#frame();
    if (frame.type !== "headers") throw new SyntaxError(`A head must come first: received ${frame.type}`);
    const [status, ...fields] = await this.#block(frame);
    if (status?.[0] !== ":status" || !/^\d{3}$/.test(status[1])) throw new SyntaxError("The status is malformed");
    if (fields.some(([name]) => !/^[!#$%&'*+.^_`|~\da-z-]+$/.test(name))) throw new SyntaxError("A name is malformed");
    const head = { status: Number(status[1]), fields };
    if (head.status < 200) this.interim.push(head);
    else {
      this.#head = head;
      this.#ended = frame.endStream;
    }
    return head;
  }

  async read(): Promise<Uint8Array | null> {
    await this.head();
    while (!this.#ended) {
      const frame = await this.#frame();
      this.#ended = frame.type !== "continuation" && frame.endStream;
      if (frame.type === "headers") this.trailers = await this.#block(frame);
      else if (frame.type === "data" && frame.data.length > 0) {
        this.#connection.peer.grant(0, frame.data.length);
        if (!this.#ended) this.#connection.peer.grant(this.id, frame.data.length);
        return frame.data;
      }
    }
    await this.#sent;
    return null;
  }

  /** The fields of a block, once its last frame has come. */
  async #block(first: FrameOf<"headers">): Promise<Fields> {
    let ends = first.endHeaders;
    while (!ends) {
      const frame = await this.#frame();
      if (frame.type !== "continuation") throw new SyntaxError(`A block must go on: received ${frame.type}`);
      ends = frame.endHeaders;
    }
    return this.#connection.peer.fieldsOf(first);
  }

  async #frame(): Promise<FrameOf<"headers"> | FrameOf<"data"> | FrameOf<"continuation">> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame !== undefined) return frame;
      if (this.reset) throw new Deno.errors.ConnectionReset(`The stream was reset: ${this.code}`);
      if (this.#lost) throw new Deno.errors.UnexpectedEof("The connection ended before the stream");
      await this.#news.promise;
    }
  }

  abort(): void {
    this.#connection.peer.reset(this.id, CANCEL);
  }
}
