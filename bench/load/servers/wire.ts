/**
 * Owns the bytes and the accept loop of the floors: servers that do the least that a socket asks for. Knows no handler.
 *
 * @module
 */

import { obey } from "./control.ts";

const encoder = new TextEncoder();

/** The bytes of a 200 with `date`, `content-length` and, unless it is `null`, `content-type`, up to the body. */
export function head(type: string | null, length: number): Uint8Array<ArrayBuffer> {
  const contentType = type === null ? "" : `content-type: ${type}\r\n`;
  return encoder.encode(
    `HTTP/1.1 200 OK\r\n${contentType}content-length: ${length}\r\ndate: ${new Date().toUTCString()}\r\n\r\n`,
  );
}

/** Writes all of `bytes`: one `write` takes but a part of a large body. */
export async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(at === 0 ? bytes : bytes.subarray(at));
}

/** Listens on a free port of 127.0.0.1, and gives each connection to `drive` until it ends or its peer breaks off. */
export async function accept(drive: (connection: Deno.TcpConn) => Promise<void>): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  void obey(listener.addr.port);
  for await (const connection of listener) {
    connection.setNoDelay();
    drive(connection).catch((error) => {
      // wrk and curl leave without a goodbye when their time is up.
      const left = error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe;
      if (!left) throw error;
    }).finally(() => connection.close());
  }
}
