/**
 * Owns an HTTP/1.1 client for tests, written from RFC 9112 and sharing no code with the library's codec. Must not know
 * what is asked, nor what is beneath its transport.
 *
 * @module
 */

import { Reader } from "../../../net/reader.ts";
import type { Transport } from "../../../net/transport.ts";
import type { Connection, Exchange, Fields, Head, Sending } from "./client.ts";

const CRLF = new Uint8Array([13, 10]);
const encoder = new TextEncoder();

/** Longest line or section that the client takes, in bytes. */
const LIMIT = 1024 * 1024;

/** A connection that carries one exchange after the other. */
export class H1Connection implements Connection {
  readonly #transport: Transport;
  readonly #reader: Reader;
  readonly #authority: string;

  /** Speaks over a transport; `authority` is what `host` says. */
  constructor(transport: Transport, authority: string) {
    this.#transport = transport;
    this.#reader = new Reader(transport);
    this.#authority = authority;
  }

  async open(sending: Sending): Promise<Exchange> {
    const { method = "GET", target = "/", fields = [], content, streamed = false } = sending;
    const bytes = typeof content === "string" ? encoder.encode(content) : content;
    const framing: Fields = bytes !== undefined
      ? [["content-length", String(bytes.length)]]
      : streamed
      ? [["transfer-encoding", "chunked"]]
      : [];
    const lines = [["host", this.#authority], ...fields, ...framing].map(([name, value]) => `${name}: ${value}\r\n`);
    const head = latin1(`${method} ${target} HTTP/1.1\r\n${lines.join("")}\r\n`);
    const exchange = new H1Exchange(this.#transport, this.#reader, method);
    await writeAll(this.#transport, head);
    if (bytes !== undefined) await writeAll(this.#transport, bytes);
    return exchange;
  }

  close(): void {
    this.#transport.close();
  }
}

/** What tells where the content ends (RFC 9112 §6.3). */
type Framing = "none" | "length" | "chunked" | "close";

class H1Exchange implements Exchange {
  readonly interim: Head[] = [];
  trailers: Fields = [];
  readonly #transport: Transport;
  readonly #reader: Reader;
  readonly #method: string;
  #head: Head | undefined;
  #framing: Framing = "none";
  #left = 0;

  constructor(transport: Transport, reader: Reader, method: string) {
    this.#transport = transport;
    this.#reader = reader;
    this.#method = method;
  }

  async write(piece: string | Uint8Array): Promise<void> {
    const bytes = typeof piece === "string" ? encoder.encode(piece) : piece;
    await writeAll(this.#transport, latin1(`${bytes.length.toString(16)}\r\n`));
    await writeAll(this.#transport, bytes);
    await writeAll(this.#transport, CRLF);
  }

  async end(trailers: Fields = []): Promise<void> {
    const lines = trailers.map(([name, value]) => `${name}: ${value}\r\n`);
    await writeAll(this.#transport, latin1(`0\r\n${lines.join("")}\r\n`));
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

  async #next(): Promise<Head> {
    const [, status] = /^HTTP\/1\.1 (\d{3}) [\t\x20-\x7e\x80-\xff]*$/.exec(await this.#line()) ?? [];
    if (status === undefined) throw new SyntaxError("The status line is malformed");
    const head = { status: Number(status), fields: await this.#section() };
    if (head.status < 200 && head.status !== 101) {
      this.interim.push(head);
      return head;
    }
    this.#head = head;
    this.#frame(head);
    return head;
  }

  #frame({ status, fields }: Head): void {
    const all = (name: string) => fields.filter(([own]) => own === name).map(([, value]) => value);
    const lengths = all("content-length");
    const codings = all("transfer-encoding");
    if (lengths.length + codings.length > 1) throw new SyntaxError("The content is framed twice");
    if (this.#method === "HEAD" || status === 101 || status === 204 || status === 304) return;
    if (codings.length > 0) {
      if (codings[0] !== "chunked") throw new SyntaxError(`The content has a coding: ${codings[0]}`);
      this.#framing = "chunked";
    } else if (lengths.length > 0) {
      if (!/^\d+$/.test(lengths[0]!)) throw new SyntaxError(`The length is malformed: ${lengths[0]}`);
      this.#framing = "length";
      this.#left = Number(lengths[0]);
    } else this.#framing = "close";
  }

  async read(): Promise<Uint8Array | null> {
    await this.head();
    switch (this.#framing) {
      case "none":
        return null;
      case "close":
        return await this.#some(Infinity);
      case "length":
        return this.#left === 0 ? null : await this.#part();
      case "chunked":
        return await this.#chunked();
      default:
        return this.#framing satisfies never;
    }
  }

  async #chunked(): Promise<Uint8Array | null> {
    if (this.#left > 0) {
      const part = await this.#part();
      if (this.#left === 0 && await this.#line() !== "") throw new SyntaxError("A chunk has no end");
      return part;
    }
    const size = await this.#line();
    if (!/^[0-9a-f]+$/i.test(size)) throw new SyntaxError(`A chunk's size is malformed: ${size}`);
    this.#left = parseInt(size, 16);
    if (this.#left > 0) return await this.#chunked();
    this.trailers = await this.#section();
    this.#framing = "none";
    return null;
  }

  /** Some of the bytes that are left of what was announced. */
  async #part(): Promise<Uint8Array> {
    const part = await this.#some(this.#left);
    if (part === null) throw new Deno.errors.UnexpectedEof("The content was cut short");
    this.#left -= part.length;
    return part;
  }

  async #some(most: number): Promise<Uint8Array | null> {
    if (this.#reader.length === 0 && !await this.#reader.fill()) return null;
    return this.#reader.take(Math.min(most, this.#reader.length));
  }

  async #section(): Promise<Fields> {
    const fields: [string, string][] = [];
    for (let line = await this.#line(); line !== ""; line = await this.#line()) {
      const [, name, value] = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
      if (name === undefined || value === undefined) throw new SyntaxError(`A field is malformed: ${line}`);
      fields.push([name.toLowerCase(), value]);
    }
    return fields;
  }

  async #line(): Promise<string> {
    return (await this.#reader.readUntil(CRLF, { limit: LIMIT })).toLatin1().slice(0, -2);
  }

  abort(): void {
    this.#transport.close();
  }
}

async function writeAll(transport: Transport, bytes: Uint8Array): Promise<void> {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await transport.write(rest));
}

/** Text whose characters are octets. */
function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
