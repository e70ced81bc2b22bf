/**
 * Owns what is known of the platform's own `Request`: the symbols under which it keeps its state. Knows nothing of lazy
 * requests and bodies. They are found by description on a probe, and whoever uses them proves on another that they do
 * what is expected.
 *
 * @module
 */

/** The symbols under which Deno keeps a `Request`'s state. */
export interface RequestSlots {
  /** Marks an object as the platform's own. */
  readonly brand: symbol;
  /** What the brand's slot holds. */
  readonly brandValue: unknown;
  /** The `Headers` object. */
  readonly headers: symbol | undefined;
  /** The getter of the `AbortSignal`, on the prototype. */
  readonly signal: symbol | undefined;
  /** The URL, once asked for. */
  readonly url: symbol | undefined;
  /** The method, once asked for. */
  readonly method: symbol | undefined;
  /** All others, the inner request among them: a real request's are handed out. */
  readonly others: readonly symbol[];
}

/** Finds the symbols on a `Request` made for it; `undefined` where they have other names. */
export function findRequestSlots(): RequestSlots | undefined {
  const probe = new Request("http://localhost/");
  const found = new Map(Object.getOwnPropertySymbols(probe).map((slot) => [slot.description, slot]));
  const brand = found.get("[[webidl.brand]]");
  if (brand === undefined || !found.has("request")) return undefined;
  const known = ["[[webidl.brand]]", "headers cache", "url", "method"];
  const inherited = Object.getOwnPropertySymbols(Request.prototype);
  return {
    brand,
    brandValue: Reflect.get(probe, brand),
    headers: found.get("headers cache"),
    signal: inherited.find((slot) => slot.description === "signal"),
    url: found.get("url"),
    method: found.get("method"),
    others: [...found.values()].filter((slot) => !known.includes(slot.description ?? "")),
  };
}
