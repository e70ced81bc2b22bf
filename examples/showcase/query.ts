/**
 * Owns how numbers are read out of a URL and how a wrong one is answered; knows nothing of what they are for.
 *
 * @module
 */

/** A request that the showcase refuses, with the line that says why. */
export class Refusal extends Error {
  /** The class's name. */
  override readonly name = "Refusal";

  /** The answer's status, 4xx or 5xx. */
  readonly status: number;
  /** The answer's fields, beside those of its text. */
  readonly headers: Readonly<Record<string, string>>;

  /** Makes a refusal; the message becomes the answer's content. */
  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }

  /** The answer: the status and one line of text. */
  toResponse(): Response {
    return new Response(`${this.message}\n`, { status: this.status, headers: this.headers });
  }
}

/** The range of a whole number in a URL, and what its absence means. */
export interface Range {
  /** Least value. */
  readonly min: number;
  /** Greatest value. */
  readonly max: number;
  /** The value when the parameter is absent. */
  readonly fallback: number;
}

/**
 * Reads the parameter `name` of a query as a whole number.
 *
 * @throws {Refusal} With 400, when it is given twice, is no whole number, or lies out of range.
 */
export function readNumber(query: URLSearchParams, name: string, range: Range): number {
  const values = query.getAll(name);
  const [text] = values;
  if (text === undefined) return range.fallback;
  if (values.length > 1) {
    throw new Refusal(400, `Cannot read '${name}' as it must be given once: received ${values.length}`);
  }
  return wholeNumber(text, name, range);
}

/**
 * Reads `text` as a whole number within a range.
 *
 * @throws {Refusal} With 400, when it is none.
 */
export function wholeNumber(text: string, name: string, { min, max }: Omit<Range, "fallback">): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  const received = JSON.stringify(text.slice(0, 40));
  throw new Refusal(
    400,
    `Cannot read '${name}' as it must be a whole number from ${min} to ${max}: received ${received}`,
  );
}
