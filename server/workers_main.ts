/**
 * Owns the module that a server's workers run: the commands of the server in the program's main thread. Knows not how they
 * are done.
 *
 * @module
 */

import type { Address } from "../net/transport.ts";
import type { StopReason } from "../runtime/worker_message.ts";
import type { WorkerScope } from "../runtime/worker_side.ts";
import type { ServeTlsKey } from "./types.ts";
import { ServerSide, type ServeWorkerData } from "./workers_side.ts";

/** A thread runs this module once, and thus has one server. */
let side: ServerSide | undefined;

function started(): ServerSide {
  if (side === undefined) throw new TypeError("Cannot serve as the worker must have been started");
  return side;
}

/** Called first: loads the app. */
export async function start(scope: WorkerScope, data: ServeWorkerData): Promise<void> {
  const begun = new ServerSide(scope.index, data);
  await begun.start();
  side = begun;
}

/** Listens, on this port if one is given; gives the address. */
export function listen(port: number | undefined): Address {
  return started().listen(port);
}

/** Loads another app, which gets no request yet. */
export function prepare(specifier: string): Promise<void> {
  return started().prepare(specifier);
}

/** Lets the other app answer, which is loaded now if it was not. */
export function commit(specifier: string): Promise<void> {
  return started().commit(specifier);
}

/** Lets go of the other app. */
export function discard(): Promise<void> {
  return started().discard();
}

/** Gives new TLS connections another certificate. */
export function replaceCertificate(pair: ServeTlsKey): void {
  started().replaceCertificate(pair);
}

/** Called last: ends when nothing is under way any more. */
export async function stop(reason: StopReason): Promise<void> {
  await side?.stop(reason);
}
