/**
 * Owns what is known of the platform's own `Response`: the slots in which Deno keeps a body that is whole already, for
 * its own server, and the header list. Knows no wire. The slots are found by description on a probe, proved on more
 * probes against the plain reading, and used on nothing but the platform's own class.
 *
 * @module
 */

import type { KnownBody } from "./call.ts";
import type { Field } from "./fields/field.ts";
import { CODED_FIELDS, plainReader, refuseError, refuseUsed, type ResponseReader } from "./response_reader.ts";

/** The symbols under which Deno keeps a `Response`'s state. */
export interface ResponseSlots {
  /** The inner response: type, status, header list, body. */
  readonly inner: symbol;
  /** A string body that no stream was made of yet. */
  readonly lazyBody: symbol;
  /** The content type that the header list lacks until somebody looks at it. */
  readonly lazyType: symbol;
  /** Whether the server took the body. */
  readonly consumed: symbol;
  /** What was prepared for Deno's own server, outside of the heap; `undefined` where there is no such thing. */
  readonly prepared: symbol | undefined;
}

/** What the slot of the inner response holds. */
interface InnerResponse {
  readonly type: string;
  /** Whether `fetch` decoded the content, and left the fields that speak of the coded one. */
  readonly bodyDecoded?: boolean;
  readonly headerList: readonly (readonly [string, string])[];
  readonly body: { readonly streamOrStatic: ReadableStream | StaticBody } | null;
}

/** A body that is known whole. */
interface StaticBody {
  readonly body: string | Uint8Array;
  consumed: boolean;
}

/** A `Response` of the platform's own class. */
type SlottedResponse = Response & Record<symbol, unknown>;

const PROTOTYPE = Response.prototype;

/** The content type that a string implies, as the platform has it. */
const TEXT_TYPE = new Response("").headers.get("content-type");

/** Finds the symbols on a `Response` made for it; `undefined` where there are none of that name. */
export function findResponseSlots(): ResponseSlots | undefined {
  const found = new Map(Object.getOwnPropertySymbols(new Response("")).map((slot) => [slot.description, slot]));
  const inner = found.get("response");
  if (inner === undefined) return undefined;
  const slot = (name: string) => found.get(name) ?? Symbol(`no ${name}`); // older platforms: no object has it
  return {
    inner,
    lazyBody: slot("lazy static body"),
    lazyType: slot("lazy static content type"),
    consumed: slot("serve fast consumed"),
    prepared: found.get("serve native response"),
  };
}

/** Reads responses through slots; all that is not the platform's own class goes the plain way. */
export class SlotReader implements ResponseReader {
  readonly #inner: symbol;
  readonly #lazyBody: symbol;
  readonly #lazyType: symbol;
  readonly #consumed: symbol;
  readonly #prepared: symbol | undefined;

  constructor(slots: ResponseSlots) {
    this.#inner = slots.inner;
    this.#lazyBody = slots.lazyBody;
    this.#lazyType = slots.lazyType;
    this.#consumed = slots.consumed;
    this.#prepared = slots.prepared;
  }

  takeBody(response: Response): KnownBody | undefined {
    if (!isPlatforms(response)) return plainReader.takeBody(response);
    if (response[this.#consumed] === true) refuseUsed();
    const text = response[this.#lazyBody];
    if (typeof text === "string") {
      response[this.#consumed] = true;
      return text;
    }
    const inner = response[this.#inner];
    if (!isInner(inner)) return plainReader.takeBody(response);
    if (inner.type === "error") refuseError();
    // Dropped here it costs 0.3 us, left to the garbage collector's finalizer 2: touching the headers drops it.
    if (this.#prepared !== undefined && response[this.#prepared] !== null) void response.headers;
    if (inner.body === null) return null;
    const held = inner.body.streamOrStatic;
    if (held instanceof ReadableStream) return plainReader.takeBody(response);
    if (held.consumed) refuseUsed();
    held.consumed = true;
    return held.body;
  }

  contentType(response: Response): string | null | undefined {
    if (!isPlatforms(response)) return undefined;
    const inner = response[this.#inner];
    if (!isInner(inner)) return undefined;
    const list = inner.headerList;
    const lazyType = response[this.#lazyType];
    if (list.length === 0) {
      if (typeof lazyType === "string") return lazyType;
      return typeof response[this.#lazyBody] === "string" ? TEXT_TYPE : null;
    }
    if (list.length > 1) return undefined;
    const [name, value] = list[0]!;
    return name.length === 12 && name.toLowerCase() === "content-type" ? value : undefined;
  }

  fields(response: Response): Field[] {
    if (!isPlatforms(response)) return plainReader.fields(response);
    const inner = response[this.#inner];
    if (!isInner(inner)) return plainReader.fields(response);
    const fields: Field[] = [];
    for (const [name, value] of inner.headerList) {
      const lower = name.toLowerCase();
      if (inner.bodyDecoded && CODED_FIELDS.has(lower)) continue;
      fields.push({ name: lower, value });
    }
    const lazyType = response[this.#lazyType];
    if (typeof lazyType === "string") fields.push({ name: "content-type", value: lazyType });
    else if (TEXT_TYPE !== null && typeof response[this.#lazyBody] === "string") {
      fields.push({ name: "content-type", value: TEXT_TYPE });
    }
    return fields;
  }
}

/**
 * Whether a handler gave one of the platform's own class. A subclass may have members of its own, and what is no
 * Response at all is for the plain way to refuse.
 */
function isPlatforms(response: unknown): response is SlottedResponse {
  return typeof response === "object" && response !== null && Object.getPrototypeOf(response) === PROTOTYPE;
}

/** The slot's own shape was proved on the probes. */
function isInner(value: unknown): value is InnerResponse {
  return typeof value === "object" && value !== null;
}
