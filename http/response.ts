/**
 * Owns the choice of how a handler's `Response` is read: through the platform's slots where they were found and proved,
 * the plain way elsewhere. Knows no wire.
 *
 * @module
 */

import type { KnownBody } from "./call.ts";
import type { Field } from "./fields/field.ts";
import { plainReader, type ResponseReader } from "./response_reader.ts";
import { findResponseSlots, type ResponseSlots, SlotReader } from "./response_slots.ts";

/** Responses of each kind that the platform keeps in a way of its own, and their known bodies as `String` has them. */
const PROBES: readonly (readonly [make: () => Response, body: string])[] = [
  [() => new Response("text"), "text"],
  [() => new Response(""), ""],
  [() => new Response("text", { headers: { "Content-Type": "text/html" } }), "text"],
  [() => new Response("text", { headers: { "content-type": "text/plain" } }), "text"],
  [() => new Response("text", { status: 404, headers: { "X-A": "b", "set-cookie": "a=b" } }), "text"],
  [() => new Response(new Uint8Array([1, 2])), "1,2"],
  [() => new Response(new Uint8Array([1, 2]), { headers: { "content-type": "application/json" } }), "1,2"],
  [() => new Response(null, { status: 204 }), "null"],
  [() => new Response(new URLSearchParams("a=b")), "a=b"],
  [() => new Response(new ReadableStream()), "undefined"],
  [() => Response.json([1]), "[1]"],
  [() => Response.json([1], { status: 201 }), "[1]"],
  [() => Response.redirect("http://localhost/"), "null"],
  [() => touched(new Response("text")), "text"],
  [() => touched(new Response("text", { headers: { "content-type": "text/plain" } })), "text"],
  [() => new Response("text").clone(), "text"],
];

function touched(response: Response): Response {
  response.headers.append("x-touched", "yes");
  return response;
}

/** Whether a reader says of every probe what the plain way says, and leaves each as used, and otherwise whole. */
function isProved(reader: ResponseReader): boolean {
  try {
    return PROBES.every(([make, body]) => readsHeaders(reader, make) && takesOnce(reader, make, body));
  } catch { // the platform keeps something elsewhere: whatever it says, the slots are not to be used
    return false;
  }
}

function readsHeaders(reader: ResponseReader, make: () => Response): boolean {
  const expected = sorted(plainReader.fields(make()));
  const type = reader.contentType(make());
  const alone = type === null ? [] : [{ name: "content-type", value: type ?? "" }];
  return sorted(reader.fields(make())) === expected && (type === undefined || sorted(alone) === expected);
}

function sorted(fields: readonly Field[]): string {
  return fields.map(({ name, value }) => `${name}: ${value}`).sort().join("\n");
}

function takesOnce(reader: ResponseReader, make: () => Response, body: string): boolean {
  const response = make();
  const isKnown = body !== "null" && body !== "undefined";
  if (String(reader.takeBody(response)) !== body) return false;
  if (isKnown && !refuses(() => reader.takeBody(response))) return false;
  if (response.bodyUsed !== isKnown || isKnown && !refuses(() => response.clone())) return false;
  return response.status === make().status && sorted(plainReader.fields(response)) === sorted(reader.fields(make()));
}

function refuses(use: () => unknown): boolean {
  try {
    use();
    return false;
  } catch (error) {
    return error instanceof TypeError;
  }
}

/** The reader for a platform with such slots: through them if they behave, the plain one if not. */
export function chooseReader(slots: ResponseSlots | undefined): ResponseReader {
  if (slots !== undefined) {
    const reader = new SlotReader(slots);
    if (isProved(reader)) return reader;
  }
  return plainReader;
}

const reader = chooseReader(findResponseSlots());

/**
 * Takes a response's body if it is known whole, and marks it as used; `undefined` where `response.body` is the way.
 *
 * @throws {TypeError} if it is no `Response`, if it is `Response.error()`, or if its body is used or locked.
 */
export function takeKnownBody(response: Response): KnownBody | undefined {
  return reader.takeBody(response);
}

/**
 * The content type of a response that has no other field, `null` if it has no field at all; `undefined` says nothing:
 * read {@linkcode responseFields}.
 */
export function plainContentType(response: Response): string | null | undefined {
  return reader.contentType(response);
}

/** A response's header section: each name in lower case, each `set-cookie` on its own line. */
export function responseFields(response: Response): Field[] {
  return reader.fields(response);
}
