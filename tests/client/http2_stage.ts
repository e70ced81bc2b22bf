/**
 * Owns a client over a network in memory whose far end speaks HTTP/2 and is played by hand, with a clock that stands still.
 * Knows no case.
 *
 * @module
 */

import { HttpClient, type HttpClientOptions } from "../../client/mod.ts";
import { memoryNetwork, type MemoryTransport, type Transport } from "../../net/mod.ts";
import { PrefixedTransport } from "../../net/prefixed_transport.ts";
import { ManualClock } from "../../timer/mod.ts";
import { type Pair, Peer, type PeerOptions, type Setting } from "../http2/peer.ts";

/** Numbers of settings (RFC 9113 §6.5.2, RFC 8441 §3). */
export const MAX_CONCURRENT_STREAMS = 3;
export const INITIAL_WINDOW_SIZE = 4;
export const ENABLE_CONNECT_PROTOCOL = 8;

/** Codes of errors (RFC 9113 §7). */
export const NO_ERROR = 0;
export const PROTOCOL_ERROR = 1;
export const REFUSED_STREAM = 7;
export const CANCEL = 8;
export const ENHANCE_YOUR_CALM = 11;
export const HTTP_1_1_REQUIRED = 13;

/** What a stage may be told beside the client's options. */
export interface Http2StageOptions extends HttpClientOptions {
  /** The most bytes that a read or a write takes. */
  readonly chunkSize?: number;
  /** What ALPN chooses, dial by dial: transports are protected then. */
  readonly alpn?: (dial: number) => string | null;
}

/** A client and the far end of its network. */
export interface Http2Stage extends Disposable {
  readonly client: HttpClient;
  readonly clock: ManualClock;
  /** How many connections the client has dialled so far. */
  readonly dials: number;
  /** What ALPN offered at the last dial. */
  readonly offered: readonly string[];
  /** The next connection that the client opens, as it is. */
  acceptRaw(): Promise<MemoryTransport>;
  /** The next connection that the client opens: a server that has sent its SETTINGS, and hears what comes. */
  accept(settings?: readonly Setting[], options?: Partial<PeerOptions>): Promise<Peer>;
}

/** What comes after a TLS handshake, as a client sees it. */
class SecureTransport extends PrefixedTransport {
  readonly #alpn: string | null;

  constructor(transport: Transport, alpn: string | null) {
    super(transport, new Uint8Array(0), () => {});
    this.#alpn = alpn;
  }

  override get alpn(): string | null {
    return this.#alpn;
  }

  override get secure(): boolean {
    return true;
  }
}

/** Sets a client up that knows that its servers speak HTTP/2; what a test does not say is as by default. */
export function http2Stage(options: Http2StageOptions = {}): Http2Stage {
  const { chunkSize = Infinity, alpn, ...rest } = options;
  const { listener, connect } = memoryNetwork({ chunkSize });
  const clock = new ManualClock();
  let dials = 0;
  let offered: readonly string[] = [];
  const client = new HttpClient({
    connect: async ({ signal, alpnProtocols }) => {
      dials++;
      offered = alpnProtocols;
      const transport = await connect({ signal });
      return alpn === undefined ? transport : new SecureTransport(transport, alpn(dials));
    },
    clock,
    ...alpn === undefined && { protocols: ["h2"] },
    ...rest,
  });
  const acceptRaw = async () => await listener.accept() as MemoryTransport;
  return {
    client,
    clock,
    acceptRaw,
    accept: async (settings = [], peerOptions = {}) => {
      const peer = new Peer(await acceptRaw(), { role: "server", ...peerOptions });
      peer.open(settings);
      return peer;
    },
    get dials() {
      return dials;
    },
    get offered() {
      return offered;
    },
    [Symbol.dispose]() {
      client.close();
      listener.close();
    },
  };
}

/** A request's head, as a far end hears it. */
export interface HeardRequest {
  /** Its stream. */
  readonly id: number;
  /** Its fields. */
  readonly fields: readonly Pair[];
  /** Whether it ends with them. */
  readonly end: boolean;
}

/** The next request's head. */
export async function heardRequest(peer: Peer): Promise<HeardRequest> {
  const frame = await peer.expect("headers", { skip: ["settings", "windowUpdate", "ping"] });
  return { id: frame.streamId, fields: peer.fieldsOf(frame), end: frame.endStream };
}

/** The value of a request's field. */
export function valueOf({ fields }: HeardRequest, name: string): string | undefined {
  return fields.find((field) => field[0] === name)?.[1];
}

/** Answers a stream with a status and a short content. */
export function answer(peer: Peer, id: number, content = "hello", status = "200"): void {
  peer.headers(id, [[":status", status]], { end: content === "" });
  if (content !== "") peer.data(id, content, { end: true });
}

/** Waits for a request, and answers it. */
export async function serveOne(peer: Peer, content = "hello"): Promise<HeardRequest> {
  const request = await heardRequest(peer);
  answer(peer, request.id, content);
  return request;
}
