/**
 * Owns the choice of how a request off the wire becomes a web-standard `Request`: lazily where the platform's slots were
 * found and proved, at once elsewhere. Knows no protocol version.
 *
 * @module
 */

import { EagerRequest } from "./eager_request.ts";
import type { RequestSource } from "./call.ts";
import { dressAsRequest, LazyRequest } from "./lazy_request.ts";
import { findRequestSlots, type RequestSlots } from "./request_slots.ts";

/** Makes a `Request` of a source. */
export type RequestFactory = (source: RequestSource) => Request;

/**
 * Makes the factory of requests.
 *
 * @param slots Where the platform keeps a request's state. With it, each request is lazy and the platform sees a real
 * one through the slots. Without it, each is a real `Request` from the start, but for CONNECT, TRACE and a GET or HEAD
 * with content, which the platform refuses to make: these stay lazy, and can't be copied by `new Request` or fetched.
 */
export function createRequestFactory(slots: RequestSlots | undefined): RequestFactory {
  if (slots === undefined) return (source) => isRefused(source) ? new LazyRequest(source) : new EagerRequest(source);
  class SlottedRequest extends LazyRequest {
    override clone(): Request {
      return LazyRequest.fork(this, (source) => new SlottedRequest(source));
    }
  }
  dressAsRequest(SlottedRequest.prototype);
  installSlots(SlottedRequest.prototype, slots);
  return (source) => new SlottedRequest(source);
}

/** Whether `new Request` refuses to be this (Fetch §5.4: forbidden methods, content of GET and HEAD, no URL). */
function isRefused(source: RequestSource): boolean {
  const method = source.method.toUpperCase();
  if (method === "CONNECT" || method === "TRACE" || method === "TRACK") return true;
  return source.body !== null && (method === "GET" || method === "HEAD") || !URL.canParse(source.url);
}

/** Lets the platform's own code find in its slots what it looks for; all but the brand is made when it looks. */
function installSlots(prototype: LazyRequest, slots: RequestSlots): void {
  Object.defineProperty(prototype, slots.brand, { value: slots.brandValue });
  const lazily = (slot: symbol | undefined, get: (this: LazyRequest) => unknown) => {
    if (slot !== undefined) Object.defineProperty(prototype, slot, { get });
  };
  lazily(slots.headers, function () {
    return this.headers;
  });
  lazily(slots.signal, function () {
    return this.signal;
  });
  lazily(slots.url, function () {
    return this.url;
  });
  lazily(slots.method, function () {
    return this.method;
  });
  for (const slot of slots.others) {
    lazily(slot, function () {
      return Reflect.get(LazyRequest.real(this), slot);
    });
  }
}

/** Whether the platform takes a request of this factory for its own: copied and cloned with all that it says. */
function isProved(factory: RequestFactory): boolean {
  const abort = new AbortController();
  const request = factory({
    method: "PUT",
    url: "http://localhost/probe?a=b",
    fields: () => [{ name: "x-probe", value: "yes" }],
    body: { length: 0, read: () => null, cancel: () => {}, trailers: () => Promise.resolve([]) },
    signal: abort.signal,
  });
  try {
    request.headers.append("x-late", "too");
    const clone = Request.prototype.clone.call(request);
    const copy = new Request(request);
    const isSame = [copy, clone].every((one) =>
      one.method === "PUT" && one.url === "http://localhost/probe?a=b" && one.headers.get("x-probe") === "yes" &&
      one.headers.get("x-late") === "too" && one.body !== null && !one.bodyUsed
    );
    abort.abort();
    return isSame && copy.signal.aborted && request.bodyUsed && request instanceof Request;
  } catch { // the platform keeps something elsewhere: whatever it says, the slots are not to be used
    return false;
  }
}

/** Makes requests as a platform with such slots allows: lazily if they behave, at once if not. */
export function chooseFactory(slots: RequestSlots | undefined): RequestFactory {
  if (slots !== undefined) {
    const factory = createRequestFactory(slots);
    if (isProved(factory)) return factory;
  }
  return createRequestFactory(undefined);
}

/**
 * Makes the `Request` that a handler gets: `instanceof Request`, and fit for `new Request(it)`, `fetch(it)` and caches.
 *
 * Method, URL, headers, body and signal come into being when they are touched. `text()`, `json()`, `bytes()`,
 * `arrayBuffer()`, `blob()` and `formData()` take at most `bodyLimit` bytes and reject with a
 * {@linkcode BodyTooLargeError} beyond; the `body` stream has no limit, nor has a copy that `new Request(it)` makes.
 *
 * CONNECT, TRACE, and GET or HEAD with content are reported as they are, and read and cloned like any other; what needs
 * the platform's own request of them (`new Request(it)`, `fetch(it)`) throws its `TypeError`.
 */
export const lazyRequest: RequestFactory = chooseFactory(findRequestSlots());

/** The source of a request that was made here or cloned from one; `undefined` for any other. */
export function sourceOf(request: Request): RequestSource | undefined {
  return LazyRequest.sourceOf(request) ?? EagerRequest.sourceOf(request);
}
