/**
 * Owns how wrk is called and read. Knows no server.
 *
 * @module
 */

import { finish, type Invocation } from "./process.ts";

/** How long wrk may take beyond what it was told, in seconds: it waits for answers that are under way. */
const GRACE_SECONDS = 10;

/** The request that a case asks again and again. */
export interface Ask {
  /** The method; `GET` by default. */
  readonly method?: string;
  /** The path and query; `/` by default. */
  readonly path?: string;
  /** The fields beside `host` (and `content-length`, where a body is). */
  readonly headers?: Readonly<Record<string, string>>;
  /** The body, if any. */
  readonly body?: string;
}

/** What wrk is to do. */
export interface WrkLoad extends Ask {
  /** How many connections are kept open. */
  readonly connections: number;
  /** How many requests go out in one write; 1 by default. */
  readonly pipelined?: number;
}

/** Gives the call of wrk for a load: one thread, whole seconds. */
export function wrkCall(load: WrkLoad, port: number, seconds: number): Invocation {
  const { connections, pipelined = 1, method, path = "/", headers = {}, body } = load;
  const args = ["-t1", `-c${connections}`, `-d${seconds}s`];
  for (const [name, value] of Object.entries(headers)) args.push("-H", `${name}: ${value}`);
  const scripted = pipelined > 1 || method !== undefined || body !== undefined;
  if (scripted) args.push("-s", `${import.meta.dirname}/wrk/wire.lua`);
  args.push(`http://127.0.0.1:${port}${path}`);
  if (scripted) args.push("--", String(pipelined), method ?? "GET");
  if (body !== undefined) args.push(body);
  return { program: "wrk", args };
}

/**
 * Takes requests a second from what wrk prints.
 *
 * @throws {Error} If wrk saw socket errors or answers other than 2xx and 3xx, or printed no figure.
 */
export function readWrk(output: string): number {
  const socket = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(output);
  const refused = /Non-2xx or 3xx responses: (\d+)/.exec(output);
  if (socket !== null) throw new Error(`Cannot trust wrk's figure as it saw errors: ${socket[0]}`);
  if (refused !== null) throw new Error(`Cannot trust wrk's figure as it saw errors: ${refused[0]}`);
  const figure = Number(/Requests\/sec: +([\d.]+)/.exec(output)?.[1]);
  if (!(figure > 0)) throw new Error(`Cannot read wrk's figure as it must be above 0: received '${output.trim()}'`);
  return figure;
}

/** Loads a server on a port of 127.0.0.1 for some seconds, and gives the requests a second that it answered. */
export async function wrk(load: WrkLoad, port: number, seconds: number): Promise<number> {
  const { code, stdout, stderr } = await finish(wrkCall(load, port, seconds), seconds + GRACE_SECONDS);
  if (code !== 0) throw new Error(`Cannot load port ${port} as wrk ended with ${code}: ${stderr.trim()}`);
  return readWrk(stdout);
}
