/**
 * Owns `serve()` as a server under test, over memory and over TCP, and the check that nothing is left of it in the end. Knows
 * no case.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { dialTcp, memoryNetwork } from "../../net/mod.ts";
import { type Handler, serve, type ServeLimits, type ServeListenerOptions } from "../../server/mod.ts";
import { ManualClock } from "../../timer/mod.ts";
import { latin1, settled } from "../http2/peer.ts";
import type { NamedSettings } from "./cases.ts";
import type { ServerSetup, ServerUnderTest } from "./server_runner.ts";
import { settleByOthers } from "./subjects.ts";

/** Connections that are answered before one is taken to be silent. */
const PROBES = 3;

/** The limits that a server announces as settings. */
const LIMITS: Readonly<Record<string, keyof ServeLimits>> = { MAX_HEADER_LIST_SIZE: "maxFieldSectionBytes" };

function limitsOf(settings: NamedSettings): Partial<ServeLimits> {
  return Object.fromEntries(
    Object.entries(settings).flatMap(([name, value]) => {
      const limit = LIMITS[name];
      return limit === undefined ? [] : [[limit, value]];
    }),
  );
}

function handlerOf({ bodyBytes, reads }: ServerSetup): Handler {
  return async (request, info) => {
    const { pathname } = new URL(request.url);
    const body = reads ? latin1(await request.bytes()) : "";
    const trailers = reads ? [...await info.trailers] : [];
    const path = request.method === "OPTIONS" && pathname === "/*" ? "*" : pathname;
    return new Response(JSON.stringify({ method: request.method, path, body, trailers }).padEnd(bodyBytes));
  };
}

/** Starts a server in memory, whose time stands still, for HTTP/2 alone. */
export function startInMemory(setup: ServerSetup): Promise<ServerUnderTest> {
  return startWith(setup, ["h2"]);
}

/** Starts a server in memory that speaks HTTP/1.1 as well, so that what comes first decides. */
export function startBesideHttp1(setup: ServerSetup): Promise<ServerUnderTest> {
  return startWith(setup, ["h2", "http/1.1"]);
}

function startWith(
  setup: ServerSetup,
  protocols: NonNullable<ServeListenerOptions["protocols"]>,
): Promise<ServerUnderTest> {
  const clock = new ManualClock({ date: Date.UTC(2026, 0, 1) });
  const { listener, connect } = memoryNetwork({ backlog: 1_000 });
  const limits = { ...limitsOf(setup.settings), maxConnections: Infinity };
  const server = serve({ listener, clock, limits, protocols, onConnectionError: () => {} }, handlerOf(setup));
  return Promise.resolve({
    echoes: true,
    connect: (cut) => connect(cut === "octets" ? { chunkSize: 1 } : {}),
    settle: (...peers) => settled(...peers),
    async [Symbol.asyncDispose]() {
      await server.shutdown({ signal: AbortSignal.abort() });
      assertEquals({ ...server.stats, requests: 0 }, { connections: 0, requests: 0, active: 0 });
      assertEquals(clock.alarms, 0, "timers are left");
    },
  });
}

/** Starts a server on a port of its own. */
export function startOverTcp(setup: ServerSetup): Promise<ServerUnderTest> {
  const limits = { ...limitsOf(setup.settings), maxConnectionsPerAddress: Infinity };
  const options = { limits, protocols: ["h2"] as const, onConnectionError: () => {}, onListen: () => {} };
  const server = serve({ ...options, hostname: "127.0.0.1", port: 0 }, handlerOf(setup));
  const { port } = server.addr as Deno.NetAddr;
  return Promise.resolve({
    echoes: true,
    connect: () => dialTcp({ port }),
    settle: () => settleByOthers(port, PROBES),
    async [Symbol.asyncDispose]() {
      await server.shutdown({ signal: AbortSignal.abort() });
      assertEquals({ ...server.stats, requests: 0 }, { connections: 0, requests: 0, active: 0 });
    },
  });
}
