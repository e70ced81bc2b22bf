/**
 * Owns what is known of the platform's own `Request`: the slot in which Deno keeps what its body was made of. Knows nothing
 * of how it is sent. The slot is found by description on a probe, and proved on more; without it a body is but a stream.
 *
 * @module
 */

/** What a body can be made of that is known whole and can be had again. */
export type BodySourceInit = string | Uint8Array<ArrayBuffer> | Blob;

function isKnown(value: unknown): value is BodySourceInit {
  return typeof value === "string" || value instanceof Uint8Array || value instanceof Blob;
}

/** Reads the member of an object that may be none. */
function member(value: unknown, name: PropertyKey): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

const slot = Object.getOwnPropertySymbols(new Request("http://localhost/"))
  .find((slot) => slot.description === "request");

function read(request: Request): unknown {
  return slot === undefined ? undefined : member(member(member(request, slot), "body"), "source");
}

function probe(body: BodyInit): unknown {
  return read(new Request("http://localhost/", { method: "POST", body }));
}

/** Whether the slot says of each kind of body what it was made of, and nothing of a stream. */
function isProved(): boolean {
  const blob = probe(new Blob(["probe"]));
  return probe("probe") === "probe" && String(probe(new Uint8Array([1, 2]))) === "1,2" &&
    blob instanceof Blob && blob.size === 5 && !isKnown(probe(new Blob(["probe"]).stream()));
}

const proved = isProved();

/** What a request's body was made of, where that is known; its body must be untouched. */
export function requestSource(request: Request): BodySourceInit | undefined {
  if (!proved || request.bodyUsed) return undefined;
  const source = read(request);
  return isKnown(source) ? source : undefined;
}
