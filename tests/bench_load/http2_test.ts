/**
 * Owns the proof that the HTTP/2 servers and clients of `bench:load` can be started, answer alike and end; and how h2load is
 * called and read. Measures nothing.
 *
 * @module
 */

import { assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { type Answer, differences } from "../../bench/load/case.ts";
import * as clients from "../../bench/load/clients.ts";
import { h2loadCall, readH2load } from "../../bench/load/h2load.ts";
import * as http2 from "../../bench/load/http2_servers.ts";
import { probeHttp2 } from "../../bench/load/probe.ts";
import { finish } from "../../bench/load/process.ts";
import { run, type Server } from "../../bench/load/running.ts";
import * as servers from "../../bench/load/servers.ts";
import type { Ask } from "../../bench/load/wrk.ts";
import { programTest } from "../programs.ts";

/** Asks several servers the same over HTTP/2, and tells how they differ. */
async function compared(handler: string, list: readonly Server[], ask: Ask = {}, secure = false): Promise<string[]> {
  const answers = new Map<string, Answer>();
  const floors = new Set(list.filter(({ floor }) => floor).map(({ name }) => name));
  for (const server of list) {
    await using running = await run(server, handler, { secure });
    answers.set(server.name, await probeHttp2(running.port, ask, secure));
  }
  assertEquals([...answers.values()].map(({ status }) => status), list.map(() => 200));
  return differences(answers, floors);
}

const HELLO = [servers.ours, servers.denoServe, http2.nodeHttp2, http2.nghttpd, http2.cannedHttp2];
const HELLO_PROGRAMS = ["deno", "node", "nghttpd", "curl"];

for (const secure of [false, true]) {
  programTest(
    `hello over HTTP/2${secure ? " and TLS" : ""}: all servers answer the same`,
    { programs: HELLO_PROGRAMS },
    async () => {
      assertEquals(await compared("hello", HELLO, {}, secure), []);
    },
  );
}

for (const handler of ["downloadBytes", "downloadStream"]) {
  programTest(
    `${handler} over HTTP/2: all servers send the same`,
    { programs: ["deno", "node", "curl"] },
    async () => {
      const list = [servers.ours, servers.denoServe, http2.nodeHttp2, http2.writeLoopHttp2];
      assertEquals(await compared(handler, list), []);
    },
  );
}

for (const handler of ["uploadStream", "uploadBytes"]) {
  programTest(`${handler} over HTTP/2: all servers take the same`, { programs: ["deno", "node", "curl"] }, async () => {
    const list = [servers.ours, servers.denoServe, http2.nodeHttp2, http2.readLoopHttp2];
    assertEquals(await compared(handler, list, { method: "PUT", body: "0".repeat(1_000_000) }), []);
  });
}

programTest("probeHttp2() takes no other version for HTTP/2", { programs: ["deno", "curl"] }, async () => {
  await using running = await run(servers.canned, "hello");
  await assertRejects(() => probeHttp2(running.port, {}, false), Error, "Cannot ask port");
});

const CLIENTS = [clients.oursHttp2, clients.denoFetchHttp2, clients.nodeHttp2, clients.rawHttp2];
const ASKING = clients.asking(
  { work: "get", inFlight: 8, server: http2.cannedHttp2, handler: "hello", ask: {}, http2: true },
  CLIENTS,
);

for (const { name, programs, open } of ASKING) {
  programTest(
    `the client '${name}' gets answers from the canned server over HTTP/2, 8 at a time`,
    { programs: ["deno", "curl", ...programs] },
    async () => {
      await using opened = await open();
      assertEquals((await opened.answer()).status, 200);
      assertEquals(await opened.sample(0.02) > 0, true);
    },
  );
}

programTest("run() says why a server that is told its port does not come up", { programs: ["deno"] }, async () => {
  const silent: Server = {
    name: "silent",
    start: () => ({ program: "deno", args: ["eval", "Deno.exit(1)"], port: 1 }),
  };
  await assertRejects(() => run(silent, "hello"), Error, "Cannot measure silent as it does not listen on port 1");
});

const H2LOAD = `starting benchmark...
Application protocol: h2c
finished in 2.00s, 67783.50 req/s, 2.26MB/s
requests: 135566 total, 135574 started, 135566 done, 135566 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 135566 2xx, 0 3xx, 0 4xx, 0 5xx
traffic: 4.53MB (4745482) total, 529.93KB (542644) headers (space savings 95.79%), 1.68MB (1762358) data
req/s           :   16839.94    17028.03    16944.86       78.20    50.00%
`;

Deno.test("readH2load() takes requests a second of all clients together", () => {
  assertEquals(readH2load(H2LOAD), 67783.5);
  assertEquals(readH2load(H2LOAD.replace("h2c", "h2")), 67783.5);
});

Deno.test("readH2load() trusts no figure of another protocol, beside failures, or of nothing", () => {
  const distrusted = (from: string, to: string, why: string) =>
    assertThrows(() => readH2load(H2LOAD.replace(from, to)), Error, `Cannot trust h2load's figure as ${why}`);
  distrusted("h2c", "http/1.1", "it must speak HTTP/2");
  distrusted("Application protocol: h2c\n", "", "it must speak HTTP/2");
  distrusted(" 0 failed", " 1 failed", "all requests must be answered by a 2xx");
  distrusted(" 0 errored", " 7 errored", "all requests must be answered by a 2xx");
  distrusted(" 0 timeout", " 7 timeout", "all requests must be answered by a 2xx");
  distrusted(" 0 3xx", " 1 3xx", "all requests must be answered by a 2xx");
  distrusted(" 0 5xx", " 9 5xx", "all requests must be answered by a 2xx");
  distrusted("status codes: 135566 2xx", "", "it must tell what became of all requests");
  distrusted("67783.50", "0.00", "it must be above 0");
  assertThrows(() => readH2load(""), Error, "Cannot trust h2load's figure");
});

Deno.test("h2loadCall() lets h2load speak HTTP/2 only, by one thread", () => {
  assertEquals(h2loadCall({ connections: 16, streams: 32 }, 8080, 5), {
    program: "h2load",
    args: ["-t1", "-c16", "-m32", "-D5", "--no-tls-proto=h2c", "http://127.0.0.1:8080/"],
  });
  const { args } = h2loadCall({ connections: 1, streams: 1, secure: true }, 8443, 1);
  assertEquals(args.slice(-2), ["--npn-list=h2", "https://127.0.0.1:8443/"]);
});

programTest("h2load's figure can be read", { programs: ["deno", "h2load"] }, async () => {
  await using running = await run(http2.cannedHttp2, "hello", { secure: true });
  const args = ["-t1", "-c2", "-m2", "-n20", "--npn-list=h2", `https://127.0.0.1:${running.port}/`];
  const { code, stdout } = await finish({ program: "h2load", args }, 30);
  assertEquals(code, 0);
  assertMatch(stdout, /20 succeeded/);
  assertEquals(readH2load(stdout) > 0, true);
});
