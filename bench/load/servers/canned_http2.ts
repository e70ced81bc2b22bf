/**
 * Owns the floor of the HTTP/2 request cases: a process that answers each HEADERS frame by the same HEADERS and DATA, and
 * what one read brought by one write. It decodes nothing, and so may only be asked by requests without content.
 *
 * Run as `canned_http2.ts <handler> [cert key]`, the latter two being files of PEM.
 *
 * @module
 */

import { handlerNamed } from "../handler.ts";
import {
  acknowledgement,
  answerFields,
  blocksOf,
  Flag,
  FrameFinder,
  frameOf,
  joined,
  PREFACE,
  SETTINGS,
  Type,
} from "./frames.ts";
import { pairOf } from "./pair.ts";
import { accept, type Connection, listen, writeAll } from "./wire.ts";

/** How much one read may bring, in bytes: some 1,600 requests of h2load. */
const BUFFER_BYTES = 16 * 1024;
/** How much one write may take, in bytes: the answers to those, and more. */
const OUTPUT_BYTES = 128 * 1024;

const response = await handlerNamed(Deno.args[0])(new Request("http://127.0.0.1/"));
const body = await response.bytes();
const { first, again } = blocksOf(answerFields(response.headers.get("content-type"), body.length));
const content = frameOf(Type.Data, Flag.EndStream, 0, body);
const firstAnswer = joined(frameOf(Type.Headers, Flag.EndHeaders, 0, first), content);
const answer = joined(frameOf(Type.Headers, Flag.EndHeaders, 0, again), content);

/** What one connection says next. */
class Output {
  readonly #bytes = new Uint8Array(OUTPUT_BYTES);
  readonly #view = new DataView(this.#bytes.buffer);
  #end = 0;
  #answered = false;

  push(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  answer(stream: number): void {
    const start = this.#end;
    this.push(this.#answered ? answer : firstAnswer);
    this.#answered = true;
    this.#view.setUint32(start + 5, stream);
    this.#view.setUint32(this.#end - content.length + 5, stream);
  }

  async leave(connection: Connection): Promise<void> {
    if (this.#end > 0) await writeAll(connection, this.#bytes.subarray(0, this.#end));
    this.#end = 0;
  }
}

await accept(async (connection) => {
  const finder = new FrameFinder(BUFFER_BYTES, PREFACE.length);
  const output = new Output();
  output.push(SETTINGS);
  for (let read = await connection.read(finder.space()); read !== null; read = await connection.read(finder.space())) {
    finder.take(read, (frame) => {
      if (frame.type === Type.Headers) return output.answer(frame.stream);
      const ack = acknowledgement(frame, finder.buffer);
      if (ack !== undefined) output.push(ack);
    });
    await output.leave(connection);
  }
}, listen(pairOf(Deno.args)));
