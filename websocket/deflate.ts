/**
 * Owns the compression of a connection's messages (RFC 7692 §7.2): contexts that are made when first used and let go
 * when idle, and the limit that keeps a bomb small. Knows no frame and no negotiation.
 *
 * @module
 */

import { type Coder, type Coders, DeflateError, handleCoders, oneShotCoders, Window } from "./deflate_codec.ts";
import type { DeflateParameters } from "./extension.ts";
import type { Role } from "./frame.ts";
import type { MessageCompression } from "./frame_compression.ts";
import type { MessageFormat } from "./message.ts";
import { badPayload, tooBig } from "./frame_error.ts";

/** What a message's last octets are, which are not sent (RFC 7692 §7.2.1). */
const TAIL = Uint8Array.of(0x00, 0x00, 0xff, 0xff);

/** Most octets behind a final block: the header of an empty one, and the tail (RFC 7692 §7.2.3.4). */
const MAX_UNUSED = 5;

/** zlib can't compress with a window of 256 bytes; with one of 512 it refers back at most 250. */
const LEAST_WINDOW_BITS = 9;

/** Received messages up to this long are put before their tail in memory that all connections share, in bytes. */
const SHARED_INPUT = new Uint8Array(64 * 1024);

/** How this end compresses. */
export interface DeflateSettings {
  /** How hard to compress, 0 to 9. */
  readonly level: number;
  /** How much memory a context takes, 1 to 9. */
  readonly memLevel: number;
  /** Shorter messages are sent as they are, in bytes. */
  readonly threshold: number;
}

const NO_HISTORY = new Uint8Array(0);

let proved: Coders | undefined;

/** The coders that do what is expected here: by handles if these behave on samples, else by public functions. */
function provedCoders(): Coders {
  return proved ??= behaves(handleCoders) ? handleCoders : oneShotCoders;
}

/** Whether coders give back what they got, with history and without, and keep to the limit. */
export function behaves(coders: Coders): boolean {
  const options = { windowBits: 15, level: 1, memLevel: 8 };
  const sample = Uint8Array.from({ length: 300 }, (_, index) => index * index % 251 & 0x1f);
  try {
    const deflater = coders.deflater(options);
    const inflater = coders.inflater(options, NO_HISTORY);
    const sent = [sample, sample].map((message) => deflater.run(message, Infinity).output);
    const back = sent.map((message) => inflater.run(message, sample.length));
    const isSame = back.every(({ output, unused }) => unused === 0 && String(output) === String(sample));
    const isBounded = passesLimit(inflater, sent[1]!, sample.length - 1);
    deflater.close();
    inflater.close();
    const resumed = coders.inflater(options, sample);
    const again = resumed.run(sent[1]!, sample.length).output;
    resumed.close();
    return isSame && isBounded && String(again) === String(sample);
  } catch { // the platform keeps something elsewhere: whatever it says, this way is not to be used
    return false;
  }
}

/** Whether a decoder refuses to give more than it may. */
function passesLimit(inflater: Coder, message: Uint8Array, maxBytes: number): boolean {
  try {
    inflater.run(message, maxBytes);
    return false;
  } catch (error) {
    return error instanceof DeflateError && error.tooBig;
  }
}

/** Coders without history: each message resets them, so all connections with the same settings share one. */
const shared = new Map<string, Coder>();

function sharedCoder(key: string, make: () => Coder): Coder {
  let coder = shared.get(key);
  if (coder === undefined) shared.set(key, coder = make());
  else coder.reset();
  return coder;
}

/** Compresses a message on its own, so that it may be sent to whoever agreed on a window of this size. */
export function deflateAlone(
  payload: Uint8Array,
  settings: { readonly windowBits: number; readonly level: number; readonly memLevel: number },
): Uint8Array<ArrayBuffer> {
  const { level, memLevel } = settings;
  const options = { level, memLevel, windowBits: Math.max(settings.windowBits, LEAST_WINDOW_BITS) };
  const key = `deflate ${options.windowBits} ${level} ${memLevel}`;
  return withoutTail(sharedCoder(key, () => provedCoders().deflater(options)).run(payload, Infinity).output);
}

function withoutTail(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return bytes.subarray(0, bytes.length - TAIL.length);
}

/** The message with its tail, to be read before the next one comes. */
function withTail(payload: Uint8Array): Uint8Array {
  const length = payload.length + TAIL.length;
  const bytes = length <= SHARED_INPUT.length ? SHARED_INPUT.subarray(0, length) : new Uint8Array(length);
  bytes.set(payload);
  bytes.set(TAIL, payload.length);
  return bytes;
}

/** What {@linkcode PerMessageDeflate} is made with. */
export interface PerMessageDeflateOptions {
  /** Which end this is. */
  readonly role: Role;
  /** What both ends agreed on. */
  readonly parameters: DeflateParameters;
  /** How this end compresses. */
  readonly settings: DeflateSettings;
  /** What does the work; the best that behaves here by default. */
  readonly coders?: Coders;
}

/** The contexts of one connection: none at first. */
export class PerMessageDeflate implements MessageCompression {
  readonly #coders: Coders;
  readonly #settings: DeflateSettings;
  readonly #outBits: number;
  readonly #inBits: number;
  readonly #keepsOut: boolean;
  readonly #keepsIn: boolean;
  #deflater: Coder | undefined;
  #inflater: Coder | undefined;
  /** What the peer may refer back to, of what was received. */
  #window: Window | undefined;

  /** Made when the extension was agreed on. */
  constructor(options: PerMessageDeflateOptions) {
    const { role, parameters, settings, coders = provedCoders() } = options;
    const { clientMaxWindowBits, serverMaxWindowBits, clientNoContextTakeover, serverNoContextTakeover } = parameters;
    const isServer = role === "server";
    this.#coders = coders;
    this.#settings = settings;
    this.#outBits = isServer ? serverMaxWindowBits : clientMaxWindowBits;
    this.#inBits = Math.max(isServer ? clientMaxWindowBits : serverMaxWindowBits, LEAST_WINDOW_BITS);
    this.#keepsOut = !(isServer ? serverNoContextTakeover : clientNoContextTakeover);
    this.#keepsIn = !(isServer ? clientNoContextTakeover : serverNoContextTakeover);
  }

  /** How what is sent is compressed. */
  get format(): MessageFormat {
    return { ...this.#settings, windowBits: this.#outBits };
  }

  get threshold(): number {
    return this.#settings.threshold;
  }

  get live(): boolean {
    return this.#deflater !== undefined || this.#inflater !== undefined;
  }

  deflate(payload: Uint8Array): Uint8Array<ArrayBuffer> {
    const { level, memLevel } = this.#settings;
    if (!this.#keepsOut) return deflateAlone(payload, { windowBits: this.#outBits, level, memLevel });
    const windowBits = Math.max(this.#outBits, LEAST_WINDOW_BITS);
    this.#deflater ??= this.#coders.deflater({ windowBits, level, memLevel });
    return withoutTail(this.#deflater.run(payload, Infinity).output);
  }

  inflate(payload: Uint8Array, maxBytes: number): Uint8Array<ArrayBuffer> {
    try {
      const { output, unused } = this.#reader().run(withTail(payload), maxBytes);
      if (unused > MAX_UNUSED) throw badPayload("Cannot decompress message as nothing may follow a final block");
      if (this.#keepsIn) (this.#window ??= new Window(this.#inBits)).push(output);
      if (unused > 0) this.#closeInflater();
      return output;
    } catch (error) {
      this.#closeInflater();
      if (!(error instanceof DeflateError)) throw error;
      throw error.tooBig ? tooBig("decompressed payload", maxBytes, "more") : badPayload(error.message, error);
    }
  }

  forget(): void {
    this.#deflater?.reset();
  }

  release(): void {
    this.#deflater?.close();
    this.#deflater = undefined;
    this.#closeInflater();
    this.#window?.shrink();
  }

  #reader(): Coder {
    const options = { windowBits: this.#inBits, level: 0, memLevel: 1 };
    if (!this.#keepsIn) return sharedCoder(`inflate ${this.#inBits}`, () => this.#coders.inflater(options, NO_HISTORY));
    return this.#inflater ??= this.#coders.inflater(options, this.#window?.toBytes() ?? NO_HISTORY);
  }

  #closeInflater(): void {
    this.#inflater?.close();
    this.#inflater = undefined;
  }
}
