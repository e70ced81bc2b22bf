/**
 * Owns the readiness of what bytes come by: readers, writers, and listeners; must not know what the bytes mean, nor who
 * waits.
 *
 * @module
 */

import type { Reader, ReadWatcher } from "../net/reader.ts";
import type { Listener, Transport } from "../net/transport.ts";
import type { Writer } from "../net/writer.ts";
import { Interest, Readiness, Source } from "./reactor_source.ts";

/**
 * A reader as a source: readable while bytes are unread, and once the peer has ended its side or the read has failed.
 *
 * While it is waited for, one read is parked on the reader, into {@linkcode Reader.space}: a reader for connections that
 * are idle for long should begin small, say `{ minRead: 64, initialSize: 64, busySize: 2048 }`. From an event to the
 * next wait the reader is the caller's, who may fill it further.
 */
export class ReaderSource extends Source implements ReadWatcher {
  readonly #reader: Reader;
  #least = 1;
  #parked = false;
  #ended = false;
  #failure: { readonly error: unknown } | undefined = undefined;

  /** Makes a source of a reader, whose reads are its from then on. */
  constructor(reader: Reader) {
    super();
    this.#reader = reader;
  }

  /** What the source can be ready for: to be read. */
  get interests(): Interest {
    return Interest.Readable;
  }

  /** What the read has failed with. */
  override get error(): unknown {
    return this.#failure?.error;
  }

  /** Whether the peer has ended its side: no bytes come behind the unread ones. */
  get ended(): boolean {
    return this.#ended;
  }

  /**
   * How many bytes must be unread for the source to be readable, 1 or more, until the end or an error comes. Who can do
   * nothing with a part of a message sets `source.least = reader.length + 1`, and is not told again of the same bytes.
   * (As `SO_RCVLOWAT` of sockets.)
   *
   * @default {1}
   */
  get least(): number {
    return this.#least;
  }

  set least(count: number) {
    if (!Number.isSafeInteger(count) || count < 1) {
      throw new RangeError(`Cannot wait for bytes as the least count must be a whole number >= 1: received ${count}`);
    }
    this.#least = count;
    this.changed();
  }

  /** See {@linkcode Source.readiness}. */
  override readiness(_interest: Interest): number {
    if (this.#failure !== undefined) return Readiness.Readable | Readiness.Failed;
    if (this.#ended) return Readiness.Readable | Readiness.Ended;
    return this.#reader.length >= this.#least ? Readiness.Readable : 0;
  }

  /** See {@linkcode ReadWatcher.filled}. */
  filled(more: boolean): void {
    this.#parked = false;
    this.#ended = !more;
    this.changed();
  }

  /** See {@linkcode ReadWatcher.failed}. */
  failed(error: unknown): void {
    this.#parked = false;
    this.#failure = { error };
    this.changed();
  }

  /** See {@linkcode Source.expect}. */
  protected override expect(_missing: number): void {
    if (this.#parked) return;
    this.#reader.watch(this);
    this.#parked = true;
  }
}

/** A writer as a source: writable while fewer bytes wait than its high-water mark, and once it has failed. */
export class WriterSource extends Source {
  readonly #writer: Writer;
  #awaited = false;

  /** Makes a source of a writer. */
  constructor(writer: Writer) {
    super();
    this.#writer = writer;
  }

  /** What the source can be ready for: to be written to. */
  get interests(): Interest {
    return Interest.Writable;
  }

  /** What the writer has failed with. */
  override get error(): unknown {
    return this.#writer.failure?.error;
  }

  /** See {@linkcode Source.readiness}. */
  override readiness(_interest: Interest): number {
    if (this.#writer.failure !== undefined) return Readiness.Writable | Readiness.Failed;
    return this.#writer.writable ? Readiness.Writable : 0;
  }

  /** See {@linkcode Source.expect}. */
  protected override expect(_missing: number): void {
    if (this.#awaited) return;
    this.#awaited = true;
    const settled = () => {
      this.#awaited = false;
      this.changed();
    };
    this.#writer.ready.then(settled, settled);
  }
}

/**
 * Both directions of a connection as one source, so that one token stands for it: readable as a {@linkcode ReaderSource},
 * writable as a {@linkcode WriterSource}. A writer is nearly always writable, so who has nothing to write asks for
 * `Interest.Readable` only, and for both ({@linkcode Reactor.modify}) once a write has asked for a pause.
 */
export class DuplexSource extends ReaderSource {
  readonly #outgoing: WriterSource;

  /** Makes a source of a reader and a writer, of one transport mostly. */
  constructor(reader: Reader, writer: Writer) {
    super(reader);
    this.#outgoing = new WriterSource(writer);
    this.#outgoing.watch({ notify: () => this.changed() });
  }

  /** What the source can be ready for: both. */
  override get interests(): Interest {
    return Interest.Both;
  }

  /** What the writer has failed with, or else the read, which fails when a writer that has failed closes the transport. */
  override get error(): unknown {
    return this.#outgoing.error ?? super.error;
  }

  /** See {@linkcode Source.readiness}. */
  override readiness(interest: Interest): number {
    const readable = (interest & Interest.Readable) === 0 ? 0 : super.readiness(interest);
    return (interest & Interest.Writable) === 0 ? readable : readable | this.#outgoing.readiness(interest);
  }

  /** See {@linkcode Source.expect}. */
  protected override expect(missing: number): void {
    if ((missing & Interest.Readable) !== 0) super.expect(missing);
    if ((missing & Interest.Writable) !== 0) this.#outgoing.arm(missing);
  }
}

/**
 * A listener as a source: readable while a transport waits to be taken by {@linkcode ListenerSource.accept}, once the
 * listener is closed, and when an accept has failed. One transport is accepted ahead, the others wait in the kernel.
 *
 * Whoever leaves a listener to itself disposes of the source: a transport that nobody took is closed then.
 */
export class ListenerSource extends Source implements Disposable {
  readonly #listener: Listener;
  #accepted: Transport | undefined = undefined;
  #failure: { readonly error: unknown } | undefined = undefined;
  #parked = false;
  #ended = false;
  #disposed = false;

  /** Makes a source of a listener, whose accepts are its from then on. */
  constructor(listener: Listener) {
    super();
    this.#listener = listener;
  }

  /** What the source can be ready for: to be accepted from. */
  get interests(): Interest {
    return Interest.Readable;
  }

  /** What the last accept has failed with, until {@linkcode ListenerSource.accept} throws it. */
  override get error(): unknown {
    return this.#failure?.error;
  }

  /** Takes the transport that waits; `undefined` where none does. Throws what an accept has failed with, once. */
  accept(): Transport | undefined {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure.error;
    const transport = this.#accepted;
    this.#accepted = undefined;
    return transport;
  }

  /** See {@linkcode Source.readiness}. */
  override readiness(_interest: Interest): number {
    if (this.#failure !== undefined) return Readiness.Readable | Readiness.Failed;
    if (this.#ended) return Readiness.Readable | Readiness.Ended;
    return this.#accepted === undefined ? 0 : Readiness.Readable;
  }

  /** Closes the transport that nobody took, and each that is accepted yet. The listener is left as it is. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#accepted?.close();
    this.#accepted = undefined;
  }

  /** See {@linkcode Source.expect}. */
  protected override expect(_missing: number): void {
    if (this.#parked) return;
    this.#parked = true;
    this.#listener.accept().then((transport) => {
      this.#parked = false;
      if (this.#disposed) return transport.close();
      this.#accepted = transport;
      this.changed();
    }, (error: unknown) => {
      this.#parked = false;
      if (error instanceof Deno.errors.BadResource) this.#ended = true;
      else this.#failure = { error };
      this.changed();
    });
  }
}
