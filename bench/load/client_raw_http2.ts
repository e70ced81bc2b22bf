/**
 * Owns the floor of the HTTP/2 clients: HEADERS that are written as they were made once, and DATA whose last frame is waited
 * for, on one connection. It decodes nothing. Knows no case.
 *
 * @module
 */

import type { MeasuredClient } from "./client_loop.ts";
import {
  acknowledgement,
  blocksOf,
  Flag,
  type Frame,
  FrameFinder,
  frameOf,
  joined,
  PREFACE,
  SETTINGS,
  Type,
} from "./servers/frames.ts";
import { writeAll } from "./servers/wire.ts";

/** How much one read may bring, in bytes. */
const BUFFER_BYTES = 16 * 1024;
/** How many streams may be open at a time, more than any case has in flight; a power of two. */
const PLACES = 1024;

/** Where it is noted who waits for a stream of a client's, which has an odd number. */
function placeOf(stream: number): number {
  return (stream >>> 1) & (PLACES - 1);
}

/** Connects to a port of 127.0.0.1. */
export async function rawHttp2(port: number): Promise<Pick<MeasuredClient, "get">> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  connection.setNoDelay();
  await writeAll(connection, joined(PREFACE, SETTINGS));
  return new RawClient(connection, `127.0.0.1:${port}`);
}

class RawClient implements Pick<MeasuredClient, "get"> {
  readonly #connection: Deno.TcpConn;
  readonly #finder = new FrameFinder(BUFFER_BYTES);
  /** Who waits, by the number of the stream; places are taken again, as few streams are open at a time. */
  readonly #waiting: (PromiseWithResolvers<void> | undefined)[] = new Array(PLACES).fill(undefined);
  readonly #again: Uint8Array<ArrayBuffer>;
  #output: Uint8Array[] = [];
  #next: Uint8Array<ArrayBuffer>;
  #stream = 1;
  #writing = false;

  constructor(connection: Deno.TcpConn, authority: string) {
    this.#connection = connection;
    const { first, again } = blocksOf([
      { name: ":method", value: "GET" },
      { name: ":scheme", value: "http" },
      { name: ":authority", value: authority },
      { name: ":path", value: "/" },
    ]);
    const headers = (block: Uint8Array) => frameOf(Type.Headers, Flag.EndHeaders | Flag.EndStream, 0, block);
    this.#next = headers(first);
    this.#again = headers(again);
    void this.#read();
  }

  get(): Promise<void> {
    const answered = Promise.withResolvers<void>();
    this.#waiting[placeOf(this.#stream)] = answered;
    const frame = this.#next.slice();
    new DataView(frame.buffer).setUint32(5, this.#stream);
    this.#push(frame);
    this.#next = this.#again;
    this.#stream += 2;
    return answered.promise;
  }

  /** What is asked for in one turn leaves in one write. */
  #push(bytes: Uint8Array): void {
    this.#output.push(bytes);
    if (this.#writing) return;
    this.#writing = true;
    queueMicrotask(async () => {
      while (this.#output.length > 0) await writeAll(this.#connection, joined(...this.#output.splice(0)));
      this.#writing = false;
    });
  }

  async #read(): Promise<void> {
    for (;;) {
      const read = await this.#connection.read(this.#finder.space());
      if (read === null) break;
      this.#finder.take(read, this.#hear);
    }
    for (const answered of this.#waiting) {
      answered?.reject(new Error("Cannot go on as the server closed the connection"));
    }
  }

  readonly #hear = (frame: Frame): void => {
    const ack = acknowledgement(frame, this.#finder.buffer);
    if (ack !== undefined) this.#push(ack);
    if (frame.type !== Type.Data || (frame.flags & Flag.EndStream) === 0) return;
    this.#waiting[placeOf(frame.stream)]?.resolve();
  };
}
