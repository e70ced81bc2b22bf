/**
 * Owns the contract of a byte duplex and of what accepts them; knows nothing of sockets, TLS or HTTP.
 *
 * @module
 */

/** The address of one end of a {@linkcode Transport}. */
export type Address =
  | Deno.NetAddr
  | Deno.UnixAddr
  | Deno.VsockAddr
  | MemoryAddress;

/** The address of an end in the in-memory network. */
export interface MemoryAddress {
  /** Tells the in-memory network from the platform's. */
  readonly transport: "memory";
  /** The name under which the end listens, or a made-up one for a dialling end. */
  readonly name: string;
}

/**
 * A duplex of bytes: a TCP, TLS or Unix socket, or an end of an in-memory wire.
 *
 * At most one `read` may be parked at a time, and at most one `write`; the two don't wait for each other.
 */
export interface Transport extends Disposable {
  /** This end's address. */
  readonly localAddr: Address;
  /** The peer's address. */
  readonly remoteAddr: Address;
  /** The protocol that ALPN chose, or `null` (no TLS, no ALPN, or {@linkcode Transport.ready} not settled yet). */
  readonly alpn: string | null;
  /** Whether the bytes are protected by TLS. */
  readonly secure: boolean;
  /** Settles once bytes can flow: after the TLS handshake, at once otherwise. Rejects if the handshake fails. */
  ready(): Promise<void>;
  /** Reads at least one byte into `into` and gives the count; `null` once the peer has ended its side. */
  read(into: Uint8Array): Promise<number | null>;
  /** Writes a first part of `from` and gives its length, which may be less than `from.length`. */
  write(from: Uint8Array): Promise<number>;
  /** Ends this side (a TCP FIN); reads go on. */
  closeWrite(): Promise<void>;
  /** Ends both sides at once; a parked read or write rejects. Further calls do nothing. */
  close(): void;
  /** Lets the transport keep the process alive (the default). */
  ref(): void;
  /** Lets the process end although the transport is open. */
  unref(): void;
}

/** What accepts {@linkcode Transport}s. */
export interface Listener extends Disposable {
  /** The address that is listened on. */
  readonly addr: Address;
  /** Waits for the next transport. Rejects with {@linkcode Deno.errors.BadResource} once the listener is closed. */
  accept(): Promise<Transport>;
  /** Stops listening; a parked accept rejects. Further calls do nothing. */
  close(): void;
  /** Lets the listener keep the process alive (the default). */
  ref(): void;
  /** Lets the process end although the listener is open. */
  unref(): void;
}

/** Opens a {@linkcode Transport} to somewhere; the signal aborts the attempt. */
export type Connect = (options: { readonly signal?: AbortSignal }) => Promise<Transport>;
