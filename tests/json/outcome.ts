/**
 * Owns what the tests of json/ compare: the outcome of each way to read a text, and the ways to cut one. Must not know
 * what is right.
 *
 * @module
 */

import {
  JsonError,
  type JsonEvent,
  type JsonEventOptions,
  JsonEventReader,
  JsonReader,
  type JsonReaderOptions,
} from "../../json/mod.ts";
import { type JsonValue, parse, type ParseOptions } from "../../json/mod.ts";

/** What a reading gave: values, and the error that ended it, if one did. */
export interface Outcome<T = JsonValue> {
  readonly values: T[];
  readonly error?: Readonly<Record<string, unknown>>;
}

/** Gives the bytes of text in UTF-8. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** Runs a reading and gives what came of it; only {@linkcode JsonError} is an outcome. */
export function outcomeOf<T>(read: (values: T[]) => void): Outcome<T> {
  const values: T[] = [];
  try {
    read(values);
    return { values };
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    const { kind, offset, line, column, expected, received } = error;
    return { values, error: { kind, offset, line, column, expected, received } };
  }
}

/** {@linkcode parse}'s outcome. */
export function parsed(bytes: Uint8Array, options?: ParseOptions): Outcome {
  return outcomeOf((values) => values.push(parse(bytes, options)));
}

/** What all readers of json/ have in common. */
interface Reader<T> extends Iterable<T> {
  write(chunk: Uint8Array): void;
  end(): void;
}

/** The outcome of a reader that is fed chunk by chunk; each chunk is overwritten once it was read. */
export function fed<T>(reader: Reader<T>, chunks: Iterable<Uint8Array>): Outcome<T> {
  return outcomeOf((values) => {
    for (const chunk of chunks) {
      const own = chunk.slice();
      reader.write(own);
      for (const value of reader) values.push(value);
      own.fill(0x5f);
    }
    reader.end();
    for (const value of reader) values.push(value);
  });
}

/** {@linkcode JsonReader}'s outcome. */
export function read(chunks: Iterable<Uint8Array>, options?: JsonReaderOptions): Outcome {
  return fed(new JsonReader(options), chunks);
}

/** {@linkcode JsonEventReader}'s outcome. */
export function events(chunks: Iterable<Uint8Array>, options?: JsonEventOptions): Outcome<JsonEvent> {
  return fed(new JsonEventReader(options), chunks);
}

/** The value that events tell, built the plain way. */
export function valueOf(list: readonly JsonEvent[]): JsonValue {
  let at = 0;
  const next = (): JsonValue => {
    const event = list[at++];
    if (event?.type === "value") return event.value;
    if (event?.type === "beginArray") {
      const array: JsonValue[] = [];
      while (list[at]?.type !== "endArray") array.push(next());
      at++;
      return array;
    }
    const entries: [string, JsonValue][] = [];
    for (let name = list[at++]; name?.type === "name"; name = list[at++]) entries.push([name.name, next()]);
    return Object.fromEntries(entries);
  };
  return next();
}

/** Cuts bytes: whole, octet by octet, in two at each offset (at a few where there are many), and in threes. */
export function* splits(bytes: Uint8Array, most = 300): Iterable<Uint8Array[]> {
  yield [bytes];
  yield [new Uint8Array(0), bytes, new Uint8Array(0)];
  yield pieces(bytes, 1);
  yield pieces(bytes, 3);
  const step = Math.max(1, Math.ceil(bytes.length / most));
  for (let at = 1; at < bytes.length; at += step) yield [bytes.subarray(0, at), bytes.subarray(at)];
}

/** Cuts bytes into pieces of one length. */
export function pieces(bytes: Uint8Array, length: number): Uint8Array[] {
  return Array.from(
    { length: Math.ceil(bytes.length / length) },
    (_, index) => bytes.subarray(index * length, (index + 1) * length),
  );
}
