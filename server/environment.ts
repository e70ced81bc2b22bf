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
 * Parses `tcp:HOST:PORT`, `unix:PATH` or `vsock:CID:PORT`; anything behind a comma is `Deno.serve`'s own.
 *
 * @throws {TypeError} If the value has another form.
 */
export function parseServeAddress(value: string): ListenTarget {
  const address = value.split(",", 1)[0]!;
  const kind = address.slice(0, address.indexOf(":"));
  const rest = address.slice(kind.length + 1);
  const last = rest.lastIndexOf(":");
  const port = Number(rest.slice(last + 1));
  if (kind === "unix" && rest !== "") return { path: rest };
  if (last > 0 && Number.isInteger(port) && port >= 0) {
    const host = rest.slice(0, last);
    if (kind === "tcp") return { hostname: host.replace(/^\[(.*)\]$/, "$1"), port };
    if (kind === "vsock" && /^\d+$/.test(host)) return { cid: Number(host), port };
  }
  throw new TypeError(
    `Cannot serve as '${VARIABLE}' must be tcp:HOST:PORT, unix:PATH or vsock:CID:PORT: received ${value}`,
  );
}
