/**
 * Owns the proof that the table of cases is consistent, and that it judges by the targets that are promised. Starts no
 * server.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { type Case, SUBJECT } from "../../bench/load/case.ts";
import { CASES } from "../../bench/load/cases.ts";

const against = (measured: Case) => measured.targets.flatMap((target) => "against" in target ? [target.against] : []);

Deno.test("CASES have names of their own", () => {
  const names = CASES.map(({ name }) => name);
  assertEquals(new Set(names).size, names.length);
});

Deno.test("CASES measure ours first, each contender once, and have targets against their own contenders only", () => {
  for (const measured of CASES) {
    const contenders = measured.contenders.map(({ name }) => name);
    assertEquals(contenders[0], SUBJECT, measured.name);
    assertEquals(new Set(contenders).size, contenders.length, measured.name);
    assertEquals(against(measured).filter((name) => !contenders.includes(name)), [], measured.name);
    assertEquals(new Set(against(measured)).size, against(measured).length, measured.name);
  }
});

Deno.test("CASES judge by the promised targets", () => {
  const judged = CASES.filter(({ targets }) => targets.length > 0);
  assertEquals(Object.fromEntries(judged.map(({ name, targets }) => [name, targets])), {
    "keep-alive": [
      { against: "Deno.serve", atLeast: 0.85 },
      { against: "canned", atLeast: 0.9 },
      { against: "node:http", atLeast: 2 },
    ],
    pipelined: [{ against: "Deno.serve", atLeast: 4 }],
    "download-bytes": [{ against: "Deno.serve", atLeast: 1.5 }],
    "download-stream": [{ against: "Deno.serve", atLeast: 1.5 }],
    "upload-stream": [{ against: "Deno.serve", atLeast: 1 }],
    "upload-bytes": [{ against: "Deno.serve", atLeast: 1 }],
    idle: [{ atMost: 12_288 }],
    workers: [{ against: "one worker", atLeast: 1.7 }],
    "client-32": [{ against: "fetch", atLeast: 2.5 }, { against: "undici", atLeast: 1.5 }],
    "client-one": [{ against: "fetch", atLeast: 1.5 }],
    "client-download": [{ against: "fetch", atLeast: 1 }],
    "client-upload": [{ against: "fetch", atLeast: 1 }],
    "h2-32": [
      { against: "Deno.serve", atLeast: 5 },
      { against: "node:http2", atLeast: 8 },
      { against: "nghttpd", atLeast: 0.5 },
    ],
    "h2-1": [{ against: "Deno.serve", atLeast: 2 }],
    "h2-tls": [{ against: "Deno.serve", atLeast: 4.5 }],
    "h2-download-bytes": [{ against: "Deno.serve", atLeast: 1.5 }],
    "h2-download-stream": [{ against: "Deno.serve", atLeast: 1.5 }],
    "h2-upload-stream": [{ against: "Deno.serve", atLeast: 1.5 }],
    "h2-upload-bytes": [{ against: "Deno.serve", atLeast: 1.5 }],
    "h2-client-32": [{ against: "fetch", atLeast: 5 }],
    "h2-client-one": [{ against: "fetch", atLeast: 2 }],
    "ws-echo-64b": [{ against: "Deno.upgradeWebSocket", atLeast: 1 }, { against: "ws on Node", atLeast: 1.5 }],
    "ws-echo-16k": [{ against: "Deno.upgradeWebSocket", atLeast: 1 }, { against: "ws on Node", atLeast: 1.5 }],
    "ws-idle": [{ atMost: 8_192 }],
  });
});
