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
  readonly #waiting = new Map<number, PromiseWithResolvers<void>>();
  readonly #again: Uint8Array;
  #output: Uint8Array[] = [];
  #next: Uint8Array;
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
    this.#next = first;
    this.#again = again;
    void this.#read();
  }

  get(): Promise<void> {
    const answered = Promise.withResolvers<void>();
    this.#waiting.set(this.#stream, answered);
    this.#push(frameOf(Type.Headers, Flag.EndHeaders | Flag.EndStream, this.#stream, this.#next));
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
    for (const { reject } of this.#waiting.values()) {
      reject(new Error("Cannot go on as the server closed the connection"));
    }
  }

  readonly #hear = (frame: Frame): void => {
    const ack = acknowledgement(frame, this.#finder.buffer);
    if (ack !== undefined) this.#push(ack);
    if (frame.type !== Type.Data || (frame.flags & Flag.EndStream) === 0) return;
    this.#waiting.get(frame.stream)?.resolve();
    this.#waiting.delete(frame.stream);
  };
}
