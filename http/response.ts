/**
 * Owns the choice of how a handler's `Response` is read: through the platform's slots where they were found and proved,
 * the plain way elsewhere. Knows no wire.
 *
 * @module
 */

import type { KnownBody } from "./call.ts";
import type { Field } from "./fields/field.ts";
import { plainReader, type ResponseReader } from "./response_reader.ts";
import { findResponseSlots, SlotReader } from "./response_slots.ts";

/** Responses of each kind that the platform keeps in a way of its own. */
const PROBES: readonly (() => Response)[] = [
  () => new Response("text"),
  () => new Response(""),
  () => new Response("text", { headers: { "Content-Type": "text/html" } }),
  () => new Response("text", { headers: { "content-type": "text/plain" } }),
  () => new Response("text", { status: 404, headers: { "X-A": "b", "set-cookie": "a=b" } }),
  () => new Response(new Uint8Array([1, 2])),
  () => new Response(new Uint8Array([1, 2]), { headers: { "content-type": "application/json" } }),
  () => new Response(null, { status: 204 }),
  () => new Response(new URLSearchParams("a=b")),
  () => new Response(new ReadableStream()),
  () => Response.json({ a: 1 }),
  () => Response.json({ a: 1 }, { status: 201 }),
  () => Response.redirect("http://localhost/"),
  () => touched(new Response("text")),
  () => touched(new Response("text", { headers: { "content-type": "text/plain" } })),
  () => new Response("text").clone(),
];

function touched(response: Response): Response {
  response.headers.append("x-touched", "yes");
  return response;
}

/** Whether a reader says of every probe what the plain way says, and marks each as used. */
function isProved(reader: ResponseReader): boolean {
  try {
    return PROBES.every((probe) => saysTheSame(reader, probe) && marksAsUsed(reader, probe()));
  } catch { // the platform keeps something elsewhere: whatever it says, the slots are not to be used
    return false;
  }
}

function saysTheSame(reader: ResponseReader, probe: () => Response): boolean {
  const oracle = probe();
  const expected = JSON.stringify(sorted(plainReader.fields(oracle)));
  const type = reader.contentType(probe());
  const fields = oracle.headers.has("content-type") ? [{ name: "content-type", value: type }] : [];
  return JSON.stringify(sorted(reader.fields(probe()))) === expected &&
    (type === undefined || JSON.stringify(fields) === expected) &&
    (reader.takeBody(probe()) === null) === (oracle.body === null);
}

function sorted(fields: readonly Field[]): Field[] {
  return fields.toSorted((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}

function marksAsUsed(reader: ResponseReader, response: Response): boolean {
  const body = reader.takeBody(response);
  return typeof body !== "string" && !(body instanceof Uint8Array) || response.bodyUsed;
}

function chooseReader(): ResponseReader {
  const slots = findResponseSlots();
  if (slots !== undefined) {
    const reader = new SlotReader(slots);
    if (isProved(reader)) return reader;
  }
  return plainReader;
}

const reader = chooseReader();

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
