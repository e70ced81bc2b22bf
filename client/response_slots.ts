/**
 * Owns what is known of the platform's own `Response` as something to be looked like: the symbols under which it keeps
 * its state. Knows nothing of lazy responses. They are found by description on probes; whoever uses them proves that they
 * do what is expected.
 *
 * @module
 */

/** The symbols under which Deno keeps the state of a `Response` and of `Headers`. */
export interface ResponseSlots {
  /** Marks an object as the platform's own. */
  readonly brand: symbol;
  /** What the brand's slot holds. */
  readonly brandValue: unknown;
  /** The `Headers` object. */
  readonly headers: symbol;
  /** The inner response: type, URL list, status, header list, body. */
  readonly inner: symbol;
  /** On `Headers`: whether they may be changed. */
  readonly guard: symbol;
  /** All others: a real response's are handed out. */
  readonly others: readonly symbol[];
}

/** What the slot of the inner response holds, as far as it is used here. */
export interface InnerResponse {
  type: string;
  urlList: string[];
  status: number;
  statusMessage: string;
}

/** Whether a slot holds what is expected; its members' types are proved by what a whole response says. */
export function isInnerResponse(value: unknown): value is InnerResponse {
  return typeof value === "object" && value !== null && "urlList" in value && "status" in value;
}

/** Finds the symbols; `undefined` where they have other names. */
export function findResponseSlots(): ResponseSlots | undefined {
  const probe = new Response(null);
  const found = new Map(Object.getOwnPropertySymbols(probe).map((slot) => [slot.description, slot]));
  const guard = Object.getOwnPropertySymbols(new Headers()).find((slot) => slot.description === "guard");
  const brand = found.get("[[webidl.brand]]");
  const headers = found.get("headers");
  const inner = found.get("response");
  if (brand === undefined || headers === undefined || inner === undefined || guard === undefined) return undefined;
  return {
    brand,
    brandValue: Reflect.get(probe, brand),
    headers,
    inner,
    guard,
    others: [...found.values()].filter((slot) => slot !== brand && slot !== headers),
  };
}
