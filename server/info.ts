/**
 * Owns what a handler is told and may do beside its request: interim answers, trailers, upgrades. Knows no version.
 *
 * @module
 */

import type { Protocol } from "../http/call.ts";
import type { Field } from "../http/fields/field.ts";
import { listElements } from "../http/fields/list.ts";
import type { Address, Transport } from "../net/transport.ts";
import type { ServerCall } from "./call.ts";
import type { ServeInfo, Upgrade, UpgradeOptions } from "./types.ts";

/** Upgrades by the response that accepts them. */
const upgrades = new WeakMap<Response, PendingUpgrade>();

/** The info of one call; its parts come into being when they are asked for. */
export class CallInfo implements ServeInfo {
  readonly #call: ServerCall;

  /** Made with the call's request. */
  constructor(call: ServerCall) {
    this.#call = call;
  }

  get remoteAddr(): Address {
    return this.#call.remoteAddr;
  }

  get localAddr(): Address {
    return this.#call.localAddr;
  }

  get protocol(): Protocol {
    return this.#call.protocol;
  }

  get completed(): Promise<void> {
    return this.#call.completed;
  }

  get trailers(): Promise<Headers> {
    const { body } = this.#call;
    if (body === null) return Promise.resolve(new Headers());
    const trailers = body.trailers().then(headersOf);
    trailers.catch(() => {}); // whoever asked is told; a client that breaks off harms nobody who didn't wait
    return trailers;
  }

  async inform(status: number, headers?: HeadersInit): Promise<void> {
    if (!Number.isInteger(status) || status < 102 || status > 199) {
      throw new RangeError(`Cannot inform as 'status' must be 102 to 199: received ${status}`);
    }
    const fields = fieldsOf(headers);
    if (!this.#call.informable) throw new TypeError("Cannot inform as the final response must not have been sent");
    this.#call.inform(status, fields);
    await this.#call.room();
  }

  upgrade(options: UpgradeOptions = {}): Upgrade {
    const call = this.#call;
    if (!call.switchable) {
      throw new TypeError(
        "Cannot upgrade as the request must be a CONNECT or have 'upgrade', and its content have come",
      );
    }
    const fields = fieldsOf(options.headers);
    if (call.method !== "CONNECT") fields.push({ name: "upgrade", value: chosenProtocol(call, options.protocol) });
    const response = new Response(null, { status: call.method === "CONNECT" ? 200 : 101 });
    const { promise, resolve, reject } = Promise.withResolvers<Transport>();
    promise.catch(() => {}); // whoever holds it is told; nobody else needs to be
    const pending: PendingUpgrade = {
      accept() {
        upgrades.delete(response);
        call.switch({ status: response.status, fields }).then(resolve, reject);
      },
    };
    upgrades.set(response, pending);
    call.completed.then(() => {
      if (!upgrades.delete(response)) return;
      reject(new TypeError("Cannot upgrade as the handler must return the upgrade's own response"));
    }, reject);
    return { response, transport: promise };
  }
}

/** An upgrade whose response the handler has not returned yet. */
export interface PendingUpgrade {
  /** Sends the response and hands the connection over. */
  accept(): void;
}

/** The upgrade that a response accepts, once. */
export function upgradeOf(response: Response): PendingUpgrade | undefined {
  return response.status === 101 || response.status === 200 ? upgrades.get(response) : undefined;
}

/** The protocol to switch to must be one that the client offers (RFC 9110 §7.8). */
function chosenProtocol(call: ServerCall, protocol: string | undefined): string {
  const offered = call.fields().filter(({ name }) => name === "upgrade").flatMap(({ value }) => listElements(value));
  const chosen = protocol ?? offered[0] ?? "";
  if (!offered.some((name) => name.toLowerCase() === chosen.toLowerCase())) {
    throw new TypeError(`Cannot upgrade as 'protocol' must be one of ${offered.join(", ")}: received ${chosen}`);
  }
  return chosen;
}

function fieldsOf(headers: HeadersInit | undefined): Field[] {
  const fields: Field[] = [];
  new Headers(headers).forEach((value, name) => fields.push({ name, value }));
  return fields;
}

function headersOf(fields: readonly Field[]): Headers {
  const headers = new Headers();
  for (const { name, value } of fields) headers.append(name, value);
  return headers;
}
