/**
 * Owns the semantics suite: what `serve()` means (RFC 9110), each case over each carrier. Must not know the cases.
 *
 * @module
 */

import { assertEquals, assertNotEquals } from "@std/assert";
import { CARRIERS, Peer } from "./carriers.ts";
import type { Case } from "./case.ts";
import { FLOW_CASES } from "./flow_cases.ts";
import { REQUEST_CASES } from "./request_cases.ts";
import { RESPONSE_CASES } from "./response_cases.ts";

const CASES: readonly Case[] = [...REQUEST_CASES, ...RESPONSE_CASES, ...FLOW_CASES];

for (const carrier of CARRIERS) {
  for (const { name, only, fails = false, run } of CASES) {
    if (only !== undefined && only !== carrier.protocol) continue;
    Deno.test({
      name: `serve() over ${carrier.name} ${name}`,
      ignore: !carrier.here,
      async fn() {
        const peer = new Peer(carrier);
        await run(async (handler, options = {}) => await peer.start(handler, options));
        if (fails === true || fails === carrier.protocol) assertNotEquals(peer.errors, []);
        else if (fails !== "perhaps") assertEquals(peer.errors, []);
        assertEquals(peer.server.stats, { ...peer.server.stats, active: 0, connections: 0 });
      },
    });
  }
}
