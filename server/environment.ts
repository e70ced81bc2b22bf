/**
 * Owns what the environment says of where to listen, read only where that is permitted; knows nothing of listening.
 *
 * @module
 */

import type { ListenTarget } from "./listen.ts";

/** As with `Deno.serve`, the first server of the process listens where the variable says. */
const VARIABLE = "DENO_SERVE_ADDRESS";

let taken = false;

/** The address that `DENO_SERVE_ADDRESS` gives to the first server of the process; `undefined` for others. */
export function environmentAddress(): ListenTarget | undefined {
  if (taken) return undefined;
  taken = true;
  if (Deno.permissions.querySync({ name: "env", variable: VARIABLE }).state !== "granted") return undefined;
  const value = Deno.env.get(VARIABLE);
  return value === undefined || value === "" ? undefined : parseServeAddress(value);
}

/**
 * Parses `tcp:HOST:PORT`, `unix:PATH` or `vsock:CID:PORT`; of a vsock both may be -1, for any.
 *
 * @throws {TypeError} If the value has another form, `duplicate,` before it included: a server has one address here.
 */
export function parseServeAddress(value: string): ListenTarget {
  const kind = value.slice(0, value.indexOf(":"));
  const rest = value.slice(kind.length + 1);
  if (kind === "unix" && rest !== "") return { path: rest };
  const [, host = "", port] = /^(.+):(-1|\d+)$/.exec(rest) ?? [];
  if (kind === "tcp" && port !== undefined) return { hostname: host.replace(/^\[(.*)\]$/, "$1"), port: Number(port) };
  if (kind === "vsock" && /^(-1|\d+)$/.test(host)) return { cid: Number(host), port: Number(port) };
  throw new TypeError(
    `Cannot serve as '${VARIABLE}' must be tcp:HOST:PORT, unix:PATH or vsock:CID:PORT: received ${value}`,
  );
}
