/**
 * Owns what a handler is told and may do beside its request: interim answers, trailers, upgrades. Knows no version.
 *
 * @module
 */

import type { Protocol } from "../http/call.ts";
import type { Field } from "../http/fields/field.ts";
import { offerUpgrade } from "../http/upgrade.ts";
import type { Address } from "../net/transport.ts";
import type { ServerCall } from "./call.ts";
import type { PushOptions, ServeInfo, Upgrade, UpgradeOptions } from "./types.ts";

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

  push(target: string | URL, { method = "GET", headers }: PushOptions = {}): boolean {
    if (method !== "GET" && method !== "HEAD") {
      throw new TypeError(`Cannot push as 'method' must be GET or HEAD: received ${method}`);
    }
    const { origin, pathname, search } = new URL(target, this.#call.url);
    if (origin !== new URL(this.#call.url).origin) {
      throw new TypeError(`Cannot push as 'target' must be of the request's origin: received ${target}`);
    }
    const fields = fieldsOf(headers);
    if (!this.#call.informable) throw new TypeError("Cannot push as the final response must not have been sent");
    return this.#call.push({ method, path: pathname + search, fields });
  }

  upgrade(options: UpgradeOptions = {}): Upgrade {
    return offerUpgrade(this.#call, { protocol: options.protocol, fields: fieldsOf(options.headers) });
  }
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
