/**
 * Owns what the semantics suite asks of a client, whatever version it speaks, and the ways to ask in one go. Must not
 * know how a message looks on the wire.
 *
 * @module
 */

/** Fields as they stood in the message: names in lower case, values octet by octet. */
export type Fields = readonly (readonly [name: string, value: string])[];

/** A message's head. */
export interface Head {
  /** The status. */
  readonly status: number;
  /** The header section, in the order it came. */
  readonly fields: Fields;
}

/** What a client sends. */
export interface Sending {
  /** The method; GET where it is left out. */
  readonly method?: string;
  /** The request target as it stands in the message; `/` where it is left out. */
  readonly target?: string;
  /** More fields. */
  readonly fields?: Fields;
  /** Content that is sent whole, its length announced. */
  readonly content?: string | Uint8Array;
  /** Whether content follows by {@linkcode Exchange.write}, of a length that nobody knows. */
  readonly streamed?: boolean;
}

/** One request that was sent, and its answer as it comes. */
export interface Exchange {
  /** The interim answers that came before the head. */
  readonly interim: readonly Head[];
  /** Sends a piece of content. */
  write(piece: string | Uint8Array): Promise<void>;
  /** Ends the content. */
  end(trailers?: Fields): Promise<void>;
  /** Waits for the next interim answer, which is told by {@linkcode Exchange.head} too. */
  informed(): Promise<Head>;
  /** Waits for the final head. */
  head(): Promise<Head>;
  /** The next piece of content, `null` at its end. Rejects where it is cut short. */
  read(): Promise<Uint8Array | null>;
  /** The trailer section, once the content has ended. */
  readonly trailers: Fields;
  /** Gives up: the request with HTTP/2, the connection with HTTP/1.1. */
  abort(): void;
}

/** A connection to the server. */
export interface Connection {
  /** Sends a request's head, and its content where that is known. */
  open(sending: Sending): Promise<Exchange>;
  /** Ends it. */
  close(): void;
}

/** An answer, whole. */
export interface Answer extends Head {
  /** The interim answers before it. */
  readonly interim: readonly Head[];
  /** The content. */
  readonly content: Uint8Array<ArrayBuffer>;
  /** The content as UTF-8. */
  readonly text: string;
  /** The trailer section. */
  readonly trailers: Fields;
}

/** Sends a request and reads its answer whole. */
export async function ask(connection: Connection, sending: Sending): Promise<Answer> {
  return await answerOf(await connection.open(sending));
}

/** Reads an answer whole. */
export async function answerOf(exchange: Exchange): Promise<Answer> {
  const { status, fields } = await exchange.head();
  const content = await contentOf(exchange);
  const text = new TextDecoder().decode(content);
  return { status, fields, interim: exchange.interim, content, text, trailers: exchange.trailers };
}

/** Reads what is left of the content. */
export async function contentOf(exchange: Exchange): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  for (let piece = await exchange.read(); piece !== null; piece = await exchange.read()) pieces.push(piece);
  return join(pieces);
}

/** Reads `count` bytes of content, or more where a piece brings more. */
export async function readAtLeast(exchange: Exchange, count: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for (let length = 0; length < count;) {
    const piece = await exchange.read();
    if (piece === null) throw new Deno.errors.UnexpectedEof(`The content ended after ${length} bytes`);
    pieces.push(piece);
    length += piece.length;
  }
  return join(pieces);
}

/** Puts pieces behind one another. */
export function join(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** The value of a field, all of them joined where it came more than once; `null` where it didn't. */
export function valueOf(fields: Fields, name: string): string | null {
  const values = fields.filter(([own]) => own === name).map(([, value]) => value);
  return values.length === 0 ? null : values.join(", ");
}
