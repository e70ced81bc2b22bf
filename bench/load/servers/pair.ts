/**
 * Owns the certificate and the key that a measured server is told to speak TLS by. Knows no server.
 *
 * @module
 */

/** Reads the files that follow the handler's name on a server's command line; gives nothing where there are none. */
export function pairOf([, cert, key]: readonly string[]): { cert: string; key: string } | undefined {
  if (cert === undefined || key === undefined) return undefined;
  return { cert: Deno.readTextFileSync(cert), key: Deno.readTextFileSync(key) };
}
