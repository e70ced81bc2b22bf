/**
 * Owns where the showcase's certificate comes from: files that the command line names, or one made for this run. Knows
 * nothing of listening.
 *
 * @module
 */

import { type Pair, selfSigned } from "./certificate.ts";
import { FlagError, type Flags } from "./flags.ts";

/** What keeps a file from being read and is for the person at the command line to mend. */
const FILE_ERRORS: readonly [new (message: string) => Error, string][] = [
  [Deno.errors.NotFound, "there is no such file"],
  [Deno.errors.PermissionDenied, "the system forbids it"],
  [Deno.errors.NotCapable, "deno was started without --allow-read for it"],
  [Deno.errors.IsADirectory, "it is a folder"],
];

/**
 * Gives what TLS is spoken by, or `undefined` where it isn't.
 *
 * Rejects with a {@linkcode FlagError} if a file can't be read.
 */
export async function pairOf(tls: Flags["tls"]): Promise<Pair | undefined> {
  if (tls === false) return undefined;
  if (tls === true) return await selfSigned();
  return { cert: await read("cert", tls.cert), key: await read("key", tls.key) };
}

async function read(flag: string, path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    const [, reason] = FILE_ERRORS.find(([type]) => error instanceof type) ?? [];
    if (reason === undefined) throw error;
    throw new FlagError(`Cannot read --${flag} ${JSON.stringify(path)} as ${reason}`);
  }
}

/** What is wrong with a certificate or a key, if that is why TLS could not be listened on. */
export function pairError(error: unknown): string | undefined {
  if (error instanceof Deno.errors.InvalidData) return "no TLS can be spoken by this certificate and this key";
  // A pair whose halves don't belong together comes as a plain Error, without a code.
  if (error instanceof Error && error.message.startsWith("keys may not be consistent")) {
    return "the key is another certificate's";
  }
  return undefined;
}
