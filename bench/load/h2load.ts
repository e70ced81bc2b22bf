/**
 * Owns how h2load is called and read. Knows no server.
 *
 * @module
 */

import { finish, type Invocation } from "./process.ts";

/** How long h2load may take beyond what it was told, in seconds. */
const GRACE_SECONDS = 10;

/** What h2load is to do: `GET /`, again and again. */
export interface H2Load {
  /** How many connections are kept open. */
  readonly connections: number;
  /** How many requests are in flight on each. */
  readonly streams: number;
  /** Whether it speaks TLS. */
  readonly secure?: boolean;
}

/** Gives the call of h2load for a load: one thread, whole seconds, HTTP/2 and nothing else. */
export function h2loadCall(
  { connections, streams, secure = false }: H2Load,
  port: number,
  seconds: number,
): Invocation {
  const version = secure ? "--npn-list=h2" : "--no-tls-proto=h2c";
  const args = ["-t1", `-c${connections}`, `-m${streams}`, `-D${seconds}`, version];
  return { program: "h2load", args: [...args, `http${secure ? "s" : ""}://127.0.0.1:${port}/`] };
}

/**
 * Takes requests a second from what h2load prints.
 *
 * @throws {Error} If it spoke another protocol, if a request failed or was answered by other than a 2xx, or if it printed
 * no figure.
 */
export function readH2load(output: string): number {
  const distrust = (why: string) => new Error(`Cannot trust h2load's figure as ${why}: received '${output.trim()}'`);
  if (!/^Application protocol: h2c?$/m.test(output)) throw distrust("it must speak HTTP/2");
  const requests = /(\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout/.exec(output)?.slice(1).map(Number);
  const statuses = /(\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx/.exec(output)?.slice(1).map(Number);
  if (requests === undefined || statuses === undefined) throw distrust("it must tell what became of all requests");
  const [, ...lost] = requests;
  const [, ...others] = statuses;
  if ([...lost, ...others].some((count) => count > 0)) throw distrust("all requests must be answered by a 2xx");
  const figure = Number(/, ([\d.]+) req\/s/.exec(output)?.[1]);
  if (!(figure > 0)) throw distrust("it must be above 0");
  return figure;
}

/** Loads a server on a port of 127.0.0.1 for some seconds, and gives the requests a second that it answered. */
export async function h2load(load: H2Load, port: number, seconds: number): Promise<number> {
  const { code, stdout, stderr } = await finish(h2loadCall(load, port, seconds), seconds + GRACE_SECONDS);
  if (code !== 0) throw new Error(`Cannot load port ${port} as h2load ended with ${code}: ${stderr.trim()}`);
  return readH2load(stdout);
}
