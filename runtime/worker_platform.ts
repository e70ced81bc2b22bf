/**
 * Owns what workers ask of the platform: how many cores there are, and whether several threads can listen on one port;
 * must not know workers.
 *
 * @module
 */

import { checkReusePort } from "../net/deno_tcp.ts";

/** The platform as far as workers need to know it. */
export interface WorkerPlatform {
  /** How many cores there are, at least 1. */
  readonly cores: number;
  /** The platform's name. */
  readonly os: string;
  /** Whether the kernel spreads a port's connections over all that listen there (`SO_REUSEPORT` on Linux). */
  readonly spreadsPort: boolean;
  /** Whether Deno was started with `--unstable-net`, without which it ends the process where a port is to be shared. */
  readonly unstableNet: boolean;
}

/** The platform that this runs on. */
export const workerPlatform: WorkerPlatform = {
  cores: Math.max(1, navigator.hardwareConcurrency),
  os: Deno.build.os,
  // macOS has an option of the same name, but gives all connections to one listener; Windows has none.
  spreadsPort: Deno.build.os === "linux" || Deno.build.os === "android",
  unstableNet: mayReusePort(),
};

function mayReusePort(): boolean {
  try {
    checkReusePort({ reusePort: true });
    return true;
  } catch {
    return false;
  }
}
