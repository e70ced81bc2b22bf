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

/** A connection over TCP, bare or by TLS. */
export type Connection = Deno.TcpConn | Deno.TlsConn;

/** Writes all of `bytes`: one `write` takes but a part of a large body. */
export async function writeAll(connection: Connection, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(at === 0 ? bytes : bytes.subarray(at));
}

/** Listens on a free port of 127.0.0.1; by TLS and for HTTP/2 where there is a certificate. */
export function listen(pair?: { cert: string; key: string }): Deno.TcpListener | Deno.TlsListener {
  const where = { hostname: "127.0.0.1", port: 0 };
  return pair === undefined ? Deno.listen(where) : Deno.listenTls({ ...where, ...pair, alpnProtocols: ["h2"] });
}

/** Gives each connection to `drive` until it ends or its peer breaks off; without a listener, on a free port of 127.0.0.1. */
export async function accept(
  drive: (connection: Connection) => Promise<void>,
  listener = listen(),
): Promise<void> {
  void obey(listener.addr.port);
  for await (const connection of listener) {
    if ("setNoDelay" in connection) connection.setNoDelay();
    drive(connection).catch((error) => {
      // wrk, h2load and curl leave without a goodbye when their time is up.
      const left = error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe ||
        error instanceof Deno.errors.UnexpectedEof;
      if (!left) throw error;
    }).finally(() => connection.close());
  }
}
