/**
 * Owns one client's end of an in-memory wire, which says what it is told and notes what it hears; knows no protocol.
 *
 * @module
 */

import type { MemoryTransport } from "../../net/mod.ts";

/** Lets all that waits for a promise, and all that this leads to, run. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Octets as text, a character each. */
export function latin1(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096));
  return text;
}

/** One end that speaks, and notes what it hears. */
export class Client {
  readonly transport: MemoryTransport;
  /** All that was heard, an octet a character. */
  wire = "";
  /** Whether the peer has ended its side. */
  ended = false;
  /** What a read rejected with. */
  lost: unknown = undefined;
  /** How many bytes the peer has not taken yet. */
  unsent = 0;
  #writes: Promise<void> = Promise.resolve();

  /** Makes an end that listens at once, unless told not to. */
  constructor(transport: MemoryTransport, { listens = true }: { readonly listens?: boolean } = {}) {
    this.transport = transport;
    if (listens) this.listen();
  }

  /** Reads until the peer ends. */
  async listen(): Promise<void> {
    const into = new Uint8Array(16 * 1024);
    try {
      for (;;) {
        const count = await this.transport.read(into);
        if (count === null) break;
        this.wire += latin1(into.subarray(0, count));
      }
      this.ended = true;
    } catch (error) {
      this.lost = error;
    }
  }

  /** Says something, behind what was said before; a peer that takes no more is no error. */
  write(data: string | Uint8Array): void {
    const bytes = typeof data === "string" ? Uint8Array.from(data, (octet) => octet.charCodeAt(0)) : data;
    this.unsent += bytes.length;
    this.#queue(async () => {
      for (let rest = bytes; rest.length > 0;) {
        const count = await this.transport.write(rest);
        this.unsent -= count;
        rest = rest.subarray(count);
      }
    });
  }

  /** Ends this side, behind what was said before. */
  end(): void {
    this.#queue(() => this.transport.closeWrite());
  }

  /** Ends both sides at once. */
  close(): void {
    this.transport.close();
  }

  #queue(step: () => Promise<void>): void {
    this.#writes = this.#writes.then(step).catch((error: unknown) => {
      const { BrokenPipe, ConnectionReset, Interrupted, BadResource } = Deno.errors;
      if (![BrokenPipe, ConnectionReset, Interrupted, BadResource].some((gone) => error instanceof gone)) throw error;
    });
  }
}

/** An answer as the client saw it. */
export interface Answer {
  readonly status: number;
  readonly reason: string;
  readonly fields: ReadonlyMap<string, string>;
  readonly body: string;
}

/**
 * Reads the answers off the wire, by a few lines that owe the library nothing; `rest` is what makes no whole answer. The
 * `methods` are those of the requests that are answered, in order, as an answer to HEAD has no content.
 */
export function readAnswers(
  wire: string,
  methods: readonly string[] = [],
): { readonly answers: Answer[]; readonly rest: string } {
  const answers: Answer[] = [];
  let rest = wire;
  let final = 0;
  for (;;) {
    const head = /^HTTP\/1\.1 (\d{3}) ([^\r\n]*)\r\n((?:[^\r\n]+\r\n)*)\r\n/.exec(rest);
    if (head === null) return { answers, rest };
    const fields = new Map<string, string>();
    for (const line of head[3]!.split("\r\n").slice(0, -1)) {
      const colon = line.indexOf(": ");
      fields.set(line.slice(0, colon), line.slice(colon + 2));
    }
    const status = Number(head[1]);
    const method = status >= 200 ? methods[final++] : undefined;
    const behind = rest.slice(head[0].length);
    const content = fields.has("transfer-encoding") && method !== "HEAD"
      ? readChunks(behind)
      : readLength(behind, method === "HEAD" || status === 304 ? 0 : Number(fields.get("content-length") ?? 0));
    if (content === undefined) return { answers, rest };
    answers.push({ status, reason: head[2]!, fields, body: content.body });
    rest = behind.slice(content.used);
  }
}

function readLength(text: string, length: number): { body: string; used: number } | undefined {
  return text.length < length ? undefined : { body: text.slice(0, length), used: length };
}

/** Chunked content without trailers. */
function readChunks(text: string): { body: string; used: number } | undefined {
  let body = "";
  for (let at = 0;;) {
    const size = /^([0-9a-f]+)\r\n/.exec(text.slice(at, at + 20));
    if (size === null) return undefined;
    const length = parseInt(size[1]!, 16);
    const start = at + size[0].length;
    if (text.length < start + length + 2) return undefined;
    body += text.slice(start, start + length);
    at = start + length + 2;
    if (length === 0) return { body, used: at };
  }
}
