/**
 * Owns trailer sections (RFC 9110 §6.5) beside web-standard objects: what goes with a response, what came with a
 * message. Knows no wire; a driver asks when the content has ended.
 *
 * @module
 */

import type { Field } from "./fields/field.ts";
import { isTrailerAllowed } from "./fields/trailer.ts";
import { sourceOf } from "./request.ts";

/** What {@linkcode withTrailers} takes: fields, or a function that is asked for them once the content has ended. */
export type TrailersInit = HeadersInit | (() => HeadersInit | Promise<HeadersInit>);

/** The trailer section that a response is to have. */
export interface SentTrailers {
  /** The fields' names in lower case where they are known before the content is sent (for `trailer`). */
  readonly names: readonly string[] | undefined;
  /**
   * The fields; asked once, after the content's end.
   *
   * @throws {TypeError} if a field is one that a trailer section must not have.
   */
  fields(): Promise<readonly Field[]>;
}

const sent = new WeakMap<Response, SentTrailers>();
let anySent = false;
const received = new WeakMap<Request | Response, () => Promise<readonly Field[]>>();

/**
 * Gives a response a trailer section; it is sent where the protocol and the client allow it.
 *
 * ```ts
 * import { withTrailers } from "@avx/http/http";
 *
 * let length = 0;
 * const body = ReadableStream.from(["a", "b"]).pipeThrough(new TransformStream({
 *   transform(chunk: string, controller) {
 *     length += chunk.length;
 *     controller.enqueue(new TextEncoder().encode(chunk));
 *   },
 * }));
 * const response = withTrailers(new Response(body), () => ({ "x-length": String(length) }));
 * console.log(response.status); // 200
 * ```
 *
 * @param response The response; the same object comes back. A clone of it has no trailers.
 * @param init The fields, or a function that gives them once the content was sent.
 * @throws {TypeError} if a field is malformed, or one that a trailer section must not have (RFC 9110 §6.5.1).
 */
export function withTrailers(response: Response, init: TrailersInit): Response {
  anySent = true;
  if (typeof init === "function") {
    sent.set(response, { names: undefined, fields: async () => trailerFields(await init()) });
  } else {
    const fields = trailerFields(init);
    sent.set(response, {
      names: [...new Set(fields.map((field) => field.name))],
      fields: () => Promise.resolve(fields),
    });
  }
  return response;
}

/** The trailer section that {@linkcode withTrailers} gave a response, for the driver that sends it. */
export function sentTrailers(response: Response): SentTrailers | undefined {
  return anySent ? sent.get(response) : undefined; // a program that sends none pays for no look-up (30 ns)
}

/**
 * The trailer section that came with a message; settles once its content was read to the end, and rejects if it broke
 * off. No fields where the message had none, or was not received by this library.
 *
 * ```ts
 * import { trailersOf } from "@avx/http/http";
 *
 * console.log([...await trailersOf(new Response("no wire"))]); // []
 * ```
 */
export function trailersOf(message: Request | Response): Promise<Headers> {
  const trailers = receivedTrailers(message);
  trailers.catch(() => {}); // whoever asked is told; a peer that breaks off harms nobody who didn't wait
  return trailers;
}

async function receivedTrailers(message: Request | Response): Promise<Headers> {
  const headers = new Headers();
  const ask = received.get(message) ?? askSource(message);
  if (ask !== undefined) {
    for (const field of await ask()) headers.append(field.name, field.value);
  }
  return headers;
}

/** Tells {@linkcode trailersOf} where a message's trailers come from, for the driver that received it. */
export function setReceivedTrailers(message: Request | Response, ask: () => Promise<readonly Field[]>): void {
  received.set(message, ask);
}

function askSource(message: Request | Response): (() => Promise<readonly Field[]>) | undefined {
  const body = message instanceof Request ? sourceOf(message)?.body : undefined;
  return body ? () => body.trailers() : undefined;
}

/** Checks fields by the platform's rules of syntax and by RFC 9110 §6.5.1. */
function trailerFields(init: HeadersInit): Field[] {
  const fields: Field[] = [];
  new Headers(init).forEach((value, name) => {
    if (!isTrailerAllowed(name)) {
      throw new TypeError(`Cannot send trailer as it must not be such a field: received ${name}`);
    }
    fields.push({ name, value });
  });
  return fields;
}
