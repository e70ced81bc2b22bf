/**
 * Owns a request's head as it is handed out: facts at once, texts when they are asked for. Knows nothing of how it was read.
 *
 * @module
 */

import type { Field } from "../http/fields/field.ts";
import { decodeLatin1 } from "../http/fields/latin1.ts";
import { fieldsOf } from "./field_text.ts";
import type { TargetForm } from "./target.ts";

/** What a {@linkcode RequestHead} is made of: what framing and routing need, and where the texts lie in its bytes. */
export interface RequestFacts {
  /** The method, in its wire case. */
  readonly method: string;
  /** The form of the target. */
  readonly form: TargetForm;
  /** The minor version. */
  readonly minor: 0 | 1;
  /** Whether the connection persists after this exchange. */
  readonly keepAlive: boolean;
  /** How the content is delimited. */
  readonly framing: "none" | "length" | "chunked";
  /** The length of the content. */
  readonly contentLength: number;
  /** Whether the client waits for a 100. */
  readonly expectContinue: boolean;
  /** Whether another protocol is asked for. */
  readonly upgrade: boolean;
  /** Where the target begins, in bytes from the head's start. */
  readonly targetStart: number;
  /** Where the target ends. */
  readonly targetEnd: number;
  /** Where the host begins; -1 when there is none. */
  readonly hostStart: number;
  /** Where the host ends. */
  readonly hostEnd: number;
  /** Where the header section begins. */
  readonly fieldsStart: number;
  /** Where the header section ends, without its empty line. */
  readonly fieldsEnd: number;
}

/** A request's head, complete and valid. Its texts are decoded when they are first asked for, from bytes that nobody may change. */
export class RequestHead {
  /** The method, in its wire case (RFC 9110 §9). */
  readonly method: string;
  /** The form of the target (RFC 9112 §3.2). */
  readonly form: TargetForm;
  /** The minor version: HTTP/1.0 or HTTP/1.1; a higher one reads as 1.1 (RFC 9110 §2.5). */
  readonly minor: 0 | 1;
  /** Whether the client lets the connection persist (RFC 9112 §9.3). */
  readonly keepAlive: boolean;
  /** How the content is delimited (RFC 9112 §6.3). */
  readonly framing: "none" | "length" | "chunked";
  /** The length of the content in bytes: 0 when there is none, -1 when it is chunked. */
  readonly contentLength: number;
  /** Whether the client waits for a 100 before it sends content (RFC 9110 §10.1.1); never without content or in HTTP/1.0. */
  readonly expectContinue: boolean;
  /** Whether Connection lists `upgrade` and an Upgrade field is there (RFC 9110 §7.8); never in HTTP/1.0. */
  readonly upgrade: boolean;

  #bytes: Uint8Array | undefined;
  readonly #start: number;
  readonly #targetStart: number;
  readonly #targetEnd: number;
  readonly #hostStart: number;
  readonly #hostEnd: number;
  readonly #fieldsStart: number;
  readonly #fieldsEnd: number;
  #text = "";
  #fields: readonly Field[] | undefined = undefined;

  /** Makes the head that begins at `start` of `bytes`; {@linkcode RequestHeadParser} is who calls it. */
  constructor(bytes: Uint8Array, start: number, facts: RequestFacts) {
    this.method = facts.method;
    this.form = facts.form;
    this.minor = facts.minor;
    this.keepAlive = facts.keepAlive;
    this.framing = facts.framing;
    this.contentLength = facts.contentLength;
    this.expectContinue = facts.expectContinue;
    this.upgrade = facts.upgrade;
    this.#bytes = bytes;
    this.#start = start;
    this.#targetStart = facts.targetStart;
    this.#targetEnd = facts.targetEnd;
    this.#hostStart = facts.hostStart;
    this.#hostEnd = facts.hostEnd;
    this.#fieldsStart = facts.fieldsStart;
    this.#fieldsEnd = facts.fieldsEnd;
  }

  /** The request target as it came (RFC 9112 §3.2), US-ASCII. */
  get target(): string {
    return this.#decode().slice(this.#targetStart, this.#targetEnd);
  }

  /**
   * The host, and the port where one was given: of the target in absolute-form and authority-form, else of the Host field
   * (RFC 9112 §3.2.2). `undefined` where HTTP/1.0 gave none, or where Host was empty.
   */
  get host(): string | undefined {
    if (this.#hostStart === this.#hostEnd) return undefined;
    return this.#decode().slice(this.#hostStart, this.#hostEnd);
  }

  /** The header section in wire order; the same array each time. */
  fields(): readonly Field[] {
    return this.#fields ??= fieldsOf(this.#decode(), this.#fieldsStart, false);
  }

  /** The whole head as text: decoding it once costs less than each of its parts, and lets go of the bytes. */
  #decode(): string {
    if (this.#bytes !== undefined) {
      this.#text = decodeLatin1(this.#bytes, this.#start, this.#start + this.#fieldsEnd);
      this.#bytes = undefined;
    }
    return this.#text;
  }
}
