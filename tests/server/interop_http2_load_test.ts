/**
 * Owns the smoke tests of a server's HTTP/2 by a load generator: a short, bounded load leaves no error. Must not know figures.
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { run } from "./interop_app.ts";
import { type App, http2Test } from "./interop_http2_app.ts";

/** A load: what is asked for, how often, and by which flags. */
interface Load {
  readonly what: string;
  readonly path?: string;
  readonly requests?: number;
  readonly flags: readonly string[];
  /** How many bytes each request sends. */
  readonly upload?: number;
  /** How many octets of content come in all. */
  readonly octets?: number;
}

const LOADS: readonly Load[] = [
  { what: "16 connections of one stream", flags: ["-c", "16", "-m", "1"] },
  { what: "16 connections of 32 streams", requests: 5_000, flags: ["-c", "16", "-m", "32"], octets: 5_000 * 13 },
  { what: "one connection of 100 streams", requests: 5_000, flags: ["-c", "1", "-m", "100"] },
  { what: "more streams than are allowed at once", flags: ["-c", "2", "-m", "500"] },
  { what: "100 connections", flags: ["-c", "100", "-m", "4"] },
  { what: "fields that fill the table", flags: ["-c", "4", "-m", "16", "-H", `x-long: ${"x".repeat(3_000)}`] },
  { what: "no table", flags: ["-c", "4", "-m", "16", "--header-table-size=0", "--encoder-header-table-size=0"] },
  {
    what: "uploads of 100 kB",
    path: "/count",
    requests: 400,
    flags: ["-c", "4", "-m", "8"],
    upload: 100_000,
    octets: 2_400,
  },
  {
    what: "echoes of 20 kB",
    path: "/echo",
    requests: 400,
    flags: ["-c", "4", "-m", "8"],
    upload: 20_000,
    octets: 8_000_000,
  },
  {
    what: "downloads of 100 kB",
    path: "/bytes?100000",
    requests: 400,
    flags: ["-c", "4", "-m", "8"],
    octets: 40_000_000,
  },
  {
    what: "downloads through small windows",
    path: "/bytes?20000",
    requests: 100,
    flags: ["-c", "2", "-m", "8", "-w", "12", "-W", "16"],
    octets: 2_000_000,
  },
  { what: "trailers", path: "/trailers", flags: ["-c", "4", "-m", "16"], octets: 2_000 * 7 },
];

async function load(
  { origin, server }: App,
  { path = "/hello", requests = 2_000, flags, octets }: Load,
): Promise<void> {
  const { stdout } = await run("h2load", ["-n", String(requests), ...flags, `${origin}${path}`]);
  const all =
    `${requests} total, ${requests} started, ${requests} done, ${requests} succeeded, 0 failed, 0 errored, 0 timeout`;
  assertMatch(stdout, new RegExp(`^requests: ${all}$`, "m"));
  assertMatch(stdout, new RegExp(`^status codes: ${requests} 2xx, 0 3xx, 0 4xx, 0 5xx$`, "m"));
  assertMatch(stdout, /^Application protocol: h2c?$/m);
  if (octets !== undefined) assertEquals(/\((\d+)\) data$/m.exec(stdout)?.[1], String(octets));
  assertEquals(server.stats.requests, requests);
}

for (const each of LOADS) {
  http2Test(`h2load: ${each.what}`, { programs: ["h2load"] }, async (app) => {
    if (each.upload === undefined) return await load(app, each);
    const file = await Deno.makeTempFile({ dir: "/tmp" });
    await Deno.truncate(file, each.upload);
    await load(app, { ...each, flags: [...each.flags, "-d", file] });
    await Deno.remove(file);
  });
}
