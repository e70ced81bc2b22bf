/**
 * Owns the choice of how a response off the wire becomes a web-standard `Response`: lazily where the platform's slots were
 * found and proved, at once elsewhere. Knows no protocol version.
 *
 * @module
 */

import { streamOf } from "../http/body.ts";
import { EagerResponse } from "./eager_response.ts";
import type { Protocol } from "../http/call.ts";
import type { ReceivedHead } from "./exchange.ts";
import { dressAsResponse, LazyResponse, PROTOCOL, type ResponseSource } from "./lazy_response.ts";
import { findResponseSlots, type ResponseSlots } from "./response_slots.ts";

/** Makes a `Response` of a source. */
export type ResponseFactory = (source: ResponseSource) => Response;

/**
 * Makes the factory of responses.
 *
 * @param slots Where the platform keeps a response's state. With it, each response is lazy and the platform sees a real
 * one through the slots. Without it, each is a real `Response` from the start, whose headers may be changed.
 */
export function createResponseFactory(slots: ResponseSlots | undefined): ResponseFactory {
  if (slots === undefined) {
    return (source) => new EagerResponse(source, source.body === null ? null : streamOf(source.body));
  }
  class SlottedResponse extends LazyResponse {}
  dressAsResponse(SlottedResponse.prototype);
  installSlots(SlottedResponse.prototype, slots);
  return (source) => new SlottedResponse(source, slots);
}

/** Lets the platform's own code find in its slots what it looks for; all but the brand is made when it looks. */
function installSlots(prototype: LazyResponse, slots: ResponseSlots): void {
  Object.defineProperty(prototype, slots.brand, { value: slots.brandValue });
  Object.defineProperty(prototype, slots.headers, {
    get(this: LazyResponse) {
      return this.headers;
    },
  });
  for (const slot of slots.others) {
    Object.defineProperty(prototype, slot, {
      get(this: LazyResponse) {
        return Reflect.get(LazyResponse.real(this), slot);
      },
      set(this: LazyResponse, value: unknown) {
        Reflect.set(LazyResponse.real(this), slot, value);
      },
    });
  }
}

/** Whether the platform takes a response of this factory for its own: cloned and read with all that it says. */
function isProved(factory: ResponseFactory): boolean {
  const make = () =>
    factory({
      status: 203,
      statusText: "Probe",
      fields: () => [{ name: "x-probe", value: "yes" }],
      body: { length: 0, read: () => null, cancel: () => {}, trailers: () => Promise.resolve([]) },
      url: "http://localhost/probe",
      redirected: true,
      bodyLimit: 0,
    });
  try {
    const response = make();
    const clone = Response.prototype.clone.call(response);
    const isSame = [response, clone].every((one) =>
      one instanceof Response && one.status === 203 && one.statusText === "Probe" && one.type === "basic" &&
      one.url === "http://localhost/probe" && one.redirected && one.headers.get("x-probe") === "yes" &&
      one.body !== null && !one.bodyUsed && isImmutable(one.headers)
    );
    const strange = factory({
      status: 999,
      statusText: "",
      fields: () => [],
      body: null,
      url: "http://localhost/",
      redirected: false,
      bodyLimit: 0,
    });
    return isSame && Response.prototype.clone.call(strange).status === 999;
  } catch { // the platform keeps something elsewhere: whatever it says, the slots are not to be used
    return false;
  }
}

function isImmutable(headers: Headers): boolean {
  try {
    headers.append("x-late", "too");
    return false;
  } catch (error) {
    return error instanceof TypeError && !headers.has("x-late");
  }
}

/** Makes responses as a platform with such slots allows: lazily if they behave, at once if not. */
export function chooseResponseFactory(slots: ResponseSlots | undefined): ResponseFactory {
  if (slots !== undefined) {
    const factory = createResponseFactory(slots);
    if (isProved(factory)) return factory;
  }
  return createResponseFactory(undefined);
}

/**
 * Makes the `Response` that `fetch` gives: `instanceof Response`, and fit for whatever takes one. Status, headers, body
 * and the rest come into being when they are touched; a body that came whole is read without a stream.
 */
export const lazyResponse: ResponseFactory = chooseResponseFactory(findResponseSlots());

const PROTOCOLS: readonly Protocol[] = ["HTTP/2", "HTTP/1.1", "HTTP/1.0"];

/** The version by which a head came. */
export function protocolOfHead({ minor }: ReceivedHead): Protocol {
  return minor === undefined ? "HTTP/2" : minor === 0 ? "HTTP/1.0" : "HTTP/1.1";
}

/**
 * The version of HTTP that carried a response; `undefined` for a clone, and for one that no client of this library has got.
 *
 * @example
 * ```ts
 * import { HttpClient, protocolOf } from "@avx/http/client";
 * import { serve } from "@avx/http/server";
 * import { memoryNetwork } from "@avx/http/net";
 *
 * const { listener, connect } = memoryNetwork();
 * await using _server = serve({ listener }, () => new Response("hello"));
 * await using client = new HttpClient({ connect, protocols: ["h2"] });
 * console.log(protocolOf(await client.fetch("http://localhost/"))); // HTTP/2
 * ```
 */
export function protocolOf(response: Response): Protocol | undefined {
  const carried: unknown = Reflect.get(response, PROTOCOL);
  return PROTOCOLS.find((protocol) => protocol === carried);
}
