/**
 * Owns how curl is called and read, for transfers of large bodies. Knows no server.
 *
 * @module
 */

import { finish, type Invocation } from "./process.ts";
import { median } from "./stats.ts";

/** How many transfers one process of curl makes, on one connection. */
const TRANSFERS = 4;
/** The same over HTTP/2: curl 7.88 can't use a connection again that it knew beforehand to be one. */
const HTTP2_TRANSFERS = 1;
/** How long such a process may take, in seconds: 4 x 64 MiB at 10 MB/s. */
const LIMIT_SECONDS = 30;

/** Which way the bytes go: from the server, or from a file to it; by HTTP/1.1, if not by HTTP/2. */
export type Transfer =
  & ({ readonly down: number } | { readonly up: number; readonly file: string })
  & { readonly http2?: boolean };

/**
 * Gives the call of curl for some transfers, each reported as `status bytes bytes/s`. Uploads go without
 * `Expect: 100-continue`, as not all that is measured would answer it at the same moment.
 */
export function curlCall(transfer: Transfer, port: number): Invocation {
  const url = `http://127.0.0.1:${port}/`;
  const way = "down" in transfer ? "download" : "upload";
  const args = ["-sS", "-w", `%{stderr}%{http_code} %{size_${way}} %{speed_${way}}\\n`, "-H", "Expect:"];
  if (transfer.http2) args.push("--http2-prior-knowledge");
  for (let count = transfer.http2 ? HTTP2_TRANSFERS : TRANSFERS; count > 0; count--) {
    if ("up" in transfer) args.push("-T", transfer.file);
    args.push("-o", "/dev/null", url);
  }
  return { program: "curl", args };
}

/**
 * Takes the speed of each transfer, in bytes a second, from what curl prints.
 *
 * @throws {Error} If one of them was not a 200 of the expected length.
 */
export function readCurl(output: string, bytes: number): number[] {
  const lines = output.trim().split("\n");
  return lines.map((line) => {
    const [status, size, speed] = line.split(" ").map(Number);
    if (status === 200 && size === bytes && speed !== undefined && speed > 0) return speed;
    throw new Error(`Cannot trust curl's figure as it must be '200 ${bytes} <speed>': received '${line}'`);
  });
}

/** Transfers again and again for about `seconds`, at least once, and gives the median speed in bytes a second. */
export async function curl(transfer: Transfer, port: number, seconds: number): Promise<number> {
  const speeds: number[] = [];
  const end = performance.now() + seconds * 1000;
  do {
    const { code, stderr } = await finish(curlCall(transfer, port), LIMIT_SECONDS);
    if (code !== 0) throw new Error(`Cannot transfer as curl ended with ${code}: ${stderr.trim()}`);
    speeds.push(...readCurl(stderr, "down" in transfer ? transfer.down : transfer.up));
  } while (performance.now() < end);
  return median(speeds);
}
