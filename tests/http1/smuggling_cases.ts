/**
 * Owns the shape of the smuggling cases, and their octets. Must not know what decides them.
 *
 * @module
 */

import { fromDeflatedBase64, fromLatin1 } from "../vectors.ts";

/** Names and values in order. */
export type Pairs = readonly (readonly [name: string, value: string])[];

/** A request that a case says is in its input. */
export interface RequestExpected {
  readonly method: string;
  readonly target: string;
  readonly version: string;
  readonly headers: Pairs;
  readonly body: string;
  readonly trailers?: Pairs;
}

/** What may come of a case: one outcome, or any of several. */
export interface Expected {
  readonly outcome: string;
  readonly of?: readonly Expected[];
  readonly status?: number | readonly number[];
  readonly requests?: readonly RequestExpected[];
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly reusable?: boolean;
}

/** Octets, and what may come of them. */
export interface SmugglingCase {
  readonly id: string;
  readonly name: string;
  readonly input?: string;
  readonly input_deflate_b64?: string;
  readonly expect: Expected;
}

/** A case of what a client sends. */
export interface RequestCase extends SmugglingCase {
  readonly class: string;
  readonly phase?: "head" | "body";
  readonly must_not_see?: string;
}

/** A case of what a server answers. */
export interface ResponseCase extends SmugglingCase {
  readonly request_method: string;
  readonly server_closes_after: boolean;
}

/** Heads with one octet left open, and what may come of each octet there. */
export interface Grid {
  readonly name: string;
  readonly template: string;
  readonly octets: Readonly<Record<string, string>>;
}

/** Gives the octets of a case. */
export function octetsOf(test: SmugglingCase): Promise<Uint8Array> | Uint8Array {
  return test.input === undefined ? fromDeflatedBase64(test.input_deflate_b64!) : fromLatin1(test.input);
}
