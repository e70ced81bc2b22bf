/**
 * Owns the way from a request to the raw bytes of its connection: which requests can switch, and the responses that
 * accept it. Knows no version of HTTP, no transport, and nothing of the protocols that are switched to.
 *
 * @module
 */

import type { Field } from "./fields/field.ts";
import { listElements } from "./fields/list.ts";
import { sourceOf } from "./request.ts";

/** Raw bytes both ways, once a connection has changed hands: what is needed of a transport. */
export interface Duplex {
  /** Reads at least one byte into `into` and gives the count; `null` once the peer has ended its side. */
  read(into: Uint8Array): Promise<number | null>;
  /** Writes a first part of `from` and gives its length, which may be less than `from.length`. */
  write(from: Uint8Array): Promise<number>;
  /** Ends this side; reads go on. */
  closeWrite(): Promise<void>;
  /** Ends both sides at once; a parked read or write rejects. Further calls do nothing. */
  close(): void;
}

/** What opens a tunnel: an Upgrade that the handler accepts, or a CONNECT. */
export interface SwitchHead {
  /** 101 for an Upgrade, 200 for a CONNECT. */
  readonly status: number;
  /** The header section, `upgrade` included. */
  readonly fields: readonly Field[];
}

/** A request whose connection, or stream, may go on in another protocol. */
export interface Switchable<D extends Duplex = Duplex> {
  /** The method. */
  readonly method: string;
  /** What an extended CONNECT asks for (`:protocol`, RFC 8441 §4); left out by every other request. */
  readonly connectProtocol?: string | undefined;
  /** The header section in wire order. */
  fields(): readonly Field[];
  /** Whether the request asks for another protocol, by an Upgrade or a CONNECT, and was received whole. */
  readonly switchable: boolean;
  /** Settles when the answer has left: resolves when it was handed to the socket whole, rejects when it was cut short. */
  readonly completed: Promise<void>;
  /** Sends the head that ends HTTP, and gives the raw duplex once it has left. */
  switch(head: SwitchHead): Promise<D>;
}

/** What {@linkcode offerUpgrade} takes. */
export interface OfferOptions {
  /** The protocol to switch to; the first that is offered by default. Not for a plain CONNECT. */
  readonly protocol?: string | undefined;
  /** More fields for the head that accepts. */
  readonly fields: readonly Field[];
}

/** An upgrade that a handler may accept. */
export interface OfferedUpgrade<D extends Duplex> {
  /** The response that the handler has to return. */
  readonly response: Response;
  /** The raw duplex, once the response has left. */
  readonly transport: Promise<D>;
}

/** An upgrade whose response the handler has not returned yet. */
export interface PendingUpgrade {
  /** Sends the response and hands the connection over. */
  accept(): void;
}

/** Upgrades by the response that accepts them. */
const upgrades = new WeakMap<Response, PendingUpgrade>();

/** The request's means to switch; `undefined` for one that no server of this library made, and for a copy of one. */
export function switchableOf(request: Request): Switchable | undefined {
  const source: object | undefined = sourceOf(request);
  return source !== undefined && isSwitchable(source) ? source : undefined;
}

function isSwitchable(source: object): source is Switchable {
  return "switch" in source && typeof source.switch === "function";
}

/** The protocols that a request asks for, the most wanted first, as they are written; none for a plain CONNECT. */
export function offeredProtocols(call: Switchable): string[] {
  if (call.connectProtocol !== undefined) return [call.connectProtocol];
  if (call.method === "CONNECT") return [];
  return call.fields().filter(({ name }) => name === "upgrade").flatMap(({ value }) => listElements(value));
}

/** The status that accepts: 101 to an Upgrade (RFC 9110 §15.2.2), 200 to a CONNECT (§9.3.6). */
export function acceptingStatus(call: Switchable): 101 | 200 {
  return call.method === "CONNECT" || call.connectProtocol !== undefined ? 200 : 101;
}

/**
 * Makes the response that switches a request's connection, and the promise of what it becomes.
 *
 * @throws {TypeError} If the request asks for no other protocol, or not for this one, or its content is still on its way.
 */
export function offerUpgrade<D extends Duplex>(call: Switchable<D>, options: OfferOptions): OfferedUpgrade<D> {
  if (!call.switchable) {
    throw new TypeError("Cannot upgrade as the request must be a CONNECT or have 'upgrade', and its content have come");
  }
  const fields = [...options.fields];
  const status = acceptingStatus(call);
  if (status === 101) fields.push({ name: "upgrade", value: chosenProtocol(call, options.protocol) });
  const response = new Response(null, { status });
  const { promise, resolve, reject } = Promise.withResolvers<D>();
  promise.catch(() => {}); // whoever holds it is told; nobody else needs to be
  upgrades.set(response, {
    accept() {
      upgrades.delete(response);
      call.switch({ status, fields }).then(resolve, reject);
    },
  });
  call.completed.then(() => {
    if (!upgrades.delete(response)) return;
    reject(new TypeError("Cannot upgrade as the handler must return the upgrade's own response"));
  }, reject);
  return { response, transport: promise };
}

/** The upgrade that a response accepts, once. */
export function upgradeOf(response: Response): PendingUpgrade | undefined {
  return response.status === 101 || response.status === 200 ? upgrades.get(response) : undefined;
}

/** The protocol to switch to must be one that the client offers (RFC 9110 §7.8). */
function chosenProtocol(call: Switchable, protocol: string | undefined): string {
  const offered = offeredProtocols(call);
  const chosen = protocol ?? offered[0] ?? "";
  if (!offered.some((name) => name.toLowerCase() === chosen.toLowerCase())) {
    throw new TypeError(`Cannot upgrade as 'protocol' must be one of ${offered.join(", ")}: received ${chosen}`);
  }
  return chosen;
}
