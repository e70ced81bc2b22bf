/**
 * Owns a program that listens on any VSOCK address, prints it and ends, or says that the platform has none. Must not know
 * who might dial it.
 *
 * @module
 */

import { serve } from "../../../server/mod.ts";

/** What a platform without such sockets says: EAFNOSUPPORT, or no such device. */
const MISSING = /address family not supported|not supported|no such device/i;

try {
  const server = serve({ cid: -1, port: -1, onListen: () => {} }, () => new Response());
  const { transport, cid, port } = server.addr;
  await server.shutdown();
  console.log(transport, cid, port, "ended");
} catch (error) {
  if (!(error instanceof Error) || !MISSING.test(error.message)) throw error;
  console.log("missing:", error.message);
}
