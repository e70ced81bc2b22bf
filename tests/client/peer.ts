/**
 * Owns a client over a network in memory whose far end is played by hand, with a clock that stands still. Knows no case.
 *
 * @module
 */

import { HttpClient, type HttpClientOptions } from "../../client/mod.ts";
import { memoryNetwork, type MemoryTransport, Wire } from "../../net/mod.ts";
import { ManualClock } from "../../timer/mod.ts";
import { task } from "../net/turns.ts";

/** A short answer after which the connection goes on. */
export const OK = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

/** A client and the far end of its network. */
export interface Stage extends Disposable {
  readonly client: HttpClient;
  readonly clock: ManualClock;
  /** The next connection that the client opens. */
  accept(): Promise<Peer>;
  /** How many connections the client has dialled so far. */
  readonly dials: number;
}

/** The far end of a connection. */
export class Peer extends Wire<MemoryTransport> {
  /** Reads a request's head, its empty line included. */
  head(): Promise<string> {
    return this.readUntil("\r\n\r\n");
  }

  /** Reads a request without content and answers it. */
  async answer(answer: string = OK): Promise<string> {
    const head = await this.head();
    await this.write(answer);
    return head;
  }
}

/** Sets a client up; what a test does not say is as by default. */
export function stage(options: HttpClientOptions & { chunkSize?: number } = {}): Stage {
  const { chunkSize = Infinity, ...rest } = options;
  const { listener, connect } = memoryNetwork({ chunkSize });
  const clock = new ManualClock();
  let dials = 0;
  const client = new HttpClient({
    connect: (target) => {
      dials++;
      return connect({ signal: target.signal });
    },
    clock,
    ...rest,
  });
  return {
    client,
    clock,
    accept: async () => new Peer(await listener.accept() as MemoryTransport),
    get dials() {
      return dials;
    },
    [Symbol.dispose]() {
      client.close();
      listener.close();
    },
  };
}

/** Lets what is under way in memory go on until a condition holds; fails where it never does. */
export async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1000; turn++) {
    if (condition()) return;
    await task();
  }
  throw new Error(`Cannot go on as this must come true: ${condition}`);
}

/** Lets what is under way in memory go on until a figure stays as it is; gives it. */
export async function settled(figure: () => number): Promise<number> {
  for (let last = NaN, same = 0; same < 5; same++) {
    await task();
    if (figure() !== last) same = 0;
    last = figure();
  }
  return figure();
}

/** Gives what a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("Cannot go on as the promise must reject");
}
