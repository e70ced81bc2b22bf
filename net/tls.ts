/**
 * Owns what all TLS here has in common, whichever part of the platform does it; knows none of them.
 *
 * @module
 */

import { HandshakeError } from "./error.ts";
import type { Listener } from "./transport.ts";

/** A certificate and its private key. */
export interface CertifiedKey {
  /** The certificate, and those that lead from it to a root, in PEM. */
  readonly cert: string;
  /** The private key, RSA or EC, in PEM. */
  readonly key: string;
}

/** A {@linkcode Listener} that speaks TLS as someone who may change. */
export interface TlsListener extends Listener {
  /**
   * Proves who the listener is by `certifiedKey` to all that connect from now on; open connections go on as they are.
   *
   * @throws {TypeError} If the listener was not made to be replaceable.
   * @throws {Deno.errors.InvalidData} If the certificate or the key can't be read, or the one isn't the other's; the
   * former ones then stay.
   */
  replaceCertificate(certifiedKey: CertifiedKey): void;
}

/** The error of a handshake that `cause` has ended. */
export function handshakeError(cause: unknown): HandshakeError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new HandshakeError(`Cannot speak TLS as the handshake failed: ${why}`, { cause });
}
