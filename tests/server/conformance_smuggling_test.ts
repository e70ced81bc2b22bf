/**
 * Owns the run of the smuggling cases against a whole server: what its handler sees, what its client is told, and whether
 * the connection ends, on every split. What the codec alone decides is tested where the codec is.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { fromLatin1, loadVectors, vectorTest } from "../vectors.ts";
import {
  type Expected,
  type Grid,
  octetsOf,
  type RequestCase,
  type RequestExpected,
} from "../http1/smuggling_cases.ts";
import { readAnswers } from "./client.ts";
import { type Cut, type Heard, Lab, type Seen, type Talk } from "./conversations.ts";

/** Cases in which ours is another of the conformant outcomes than the one that is advised first, and why. */
const CHOSEN: Readonly<Record<string, string>> = {
  "h1req/136": "a chunk of 4 GiB is legal: who reads the content as a stream may want it, `text()` and its like do not",
  "h1req/139": "a chunk of 2 GiB is legal: who reads the content as a stream may want it, `text()` and its like do not",
};

/** Up to this many octets an input is cut at every offset; a longer one near its ends and at some 100 places between. */
const CUT_EVERYWHERE = 1024;
/** How many conversations go on at a time. */
const BATCH = 400;

/** The URL of a request, of which the cases tell the target and the fields (RFC 9112 §3.3). */
function urlOf({ method, target, headers }: RequestExpected): string {
  const host = headers.find(([name]) => name.toLowerCase() === "host")?.[1] || "localhost";
  const url = method === "CONNECT"
    ? `http://${target}/`
    : target.startsWith("/")
    ? `http://${host}${target}`
    : target === "*"
    ? `http://${host}/*`
    : target;
  return URL.parse(url)?.href ?? url;
}

function isRequest(seen: Seen | undefined, expected: RequestExpected): boolean {
  if (seen === undefined || seen.end !== "whole") return false;
  const headers = [...new Headers(expected.headers.map(([name, value]): [string, string] => [name, value]))];
  const trailers = [...new Headers((expected.trailers ?? []).map(([name, value]): [string, string] => [name, value]))];
  const protocol = expected.version === "1.0" ? "HTTP/1.0" : "HTTP/1.1"; // a higher minor one reads as 1.1 (RFC 9110 §2.5)
  const got = [seen.method, seen.url, seen.protocol, seen.body, seen.headers];
  const wanted = [expected.method, urlOf(expected), protocol, expected.body, headers];
  return JSON.stringify(got) === JSON.stringify(wanted) &&
    (expected.trailers === undefined || JSON.stringify(seen.trailers) === JSON.stringify(trailers));
}

function areRequests(seen: readonly Seen[], expected: Expected): boolean {
  const requests = expected.requests ?? [];
  return seen.length === requests.length && requests.every((request, index) => isRequest(seen[index], request));
}

/** Whether the conversation is what the case expects. */
function gives(heard: Heard, expected: Expected, phase: RequestCase["phase"]): boolean {
  const { answers, rest } = readAnswers(heard.wire);
  const { seen, ended } = heard;
  if (rest !== "" || heard.lost !== undefined) return false;
  const final = answers.filter(({ status }) => status >= 200);
  const refused = [expected.status ?? []].flat().includes(final.at(-1)?.status ?? 0) && ended;
  switch (expected.outcome) {
    case "any":
      return expected.of!.some((one) => gives(heard, one, phase));
    case "accept":
      return !ended && final.length === seen.length && areRequests(seen, expected);
    case "accept-close":
      return ended && areRequests(seen, expected) &&
        (final.length === seen.length || (refused && final.length === seen.length + 1));
    case "accept-then-any":
      return isRequest(seen[0], expected.requests![0]!);
    case "accept-then-reject":
      return refused && final.length === seen.length + 1 && areRequests(seen, expected);
    case "reject":
      return refused && final.length === 1 &&
        (phase === "body" ? seen.every(({ end }) => end === "broken") : seen.length === 0);
    case "incomplete":
      return !ended && answers.length === 0 && seen.every(({ end }) => end === "open");
    case "interim-100":
      return !ended && answers.length === 1 && answers[0]!.status === 100;
    default:
      throw new Error(`Cannot judge case as its outcome must be known: received ${expected.outcome}`);
  }
}

function cutsOf(length: number): Cut[] {
  const cuts: Cut[] = ["whole", "octets"];
  const stride = length <= CUT_EVERYWHERE ? 1 : Math.ceil(length / 100);
  for (let at = 1; at < length; at++) if (at % stride === 0 || at < 64 || at > length - 64) cuts.push(at);
  return cuts;
}

/** What must not hang on the cut: all but a 100, which is left out where content came without it (RFC 9110 §10.1.1). */
function canonical(heard: Heard): string {
  return JSON.stringify({ ...heard, wire: heard.wire.replace("HTTP/1.1 100 Continue\r\n\r\n", "") });
}

/** Says each input in every way, and asserts that all ways of one come to the same. */
async function converseOnEverySplit(inputs: readonly (readonly [name: string, Uint8Array])[]): Promise<Heard[]> {
  const talks = inputs.flatMap(([name, input]) => cutsOf(input.length).map((cut) => ({ name, input, cut })));
  const outcomes: Heard[] = [];
  await using lab = new Lab();
  for (let at = 0; at < talks.length; at += BATCH) {
    const batch = talks.slice(at, at + BATCH);
    const heard = await lab.converse(batch);
    batch.forEach(({ name, cut }, index) => {
      if (cut === "whole") outcomes.push(heard[index]!);
      const whole = outcomes.at(-1)!;
      if (canonical(heard[index]!) !== canonical(whole)) assertEquals(heard[index], whole, `${name}: cut ${cut}`);
    });
  }
  assertEquals(lab.failures, []);
  return outcomes;
}

const CLASSES = new Set(
  loadVectors<{ cases: RequestCase[] }>("smuggling", "cases.json")?.cases.map((test) => test.class),
);

for (const name of CLASSES) {
  vectorTest(
    `serve() decides the smuggling cases of class ${name} on every split`,
    () => loadVectors<{ cases: RequestCase[] }>("smuggling", "cases.json")?.cases.filter((test) => test.class === name),
    async (cases) => {
      const outcomes = await converseOnEverySplit(
        await Promise.all(cases.map(async (test) => [test.id, await octetsOf(test)] as const)),
      );
      const others: string[] = [];
      cases.forEach((test, index) => {
        const heard = outcomes[index]!;
        assert(gives(heard, test.expect, test.phase), `${test.id} ${test.name}: ${JSON.stringify(heard)}`);
        const path = test.must_not_see;
        assert(path === undefined || heard.seen.every(({ url }) => !url.includes(path)), `${test.id}: smuggled`);
        if (test.expect.of !== undefined && !gives(heard, test.expect.of[0]!, test.phase)) others.push(test.id);
      });
      assertEquals(others, cases.map(({ id }) => id).filter((id) => id in CHOSEN));
    },
  );
}

Deno.test("The smuggling cases are all run, each in a class of its own", () => {
  const cases = loadVectors<{ cases: RequestCase[]; count: number }>("smuggling", "cases.json");
  assertEquals([CLASSES.size, cases?.cases.length, cases?.count], [23, 283, 283]);
});

/** What the handler has to see of an accepted request, by what the grid says of the octet; what is not here is refused. */
const GRID_ACCEPTS: Readonly<Record<string, (seen: Seen) => boolean>> = {
  "chunked": ({ body, end }) => body === "hello" && end === "whole",
  "body hello": ({ body, end }) => body === "hello" && end === "whole",
  "length 5": ({ body, end }) => body === "hello" && end === "whole",
  "other field": ({ body, end }) => body === "" && end === "whole",
  "other length (incomplete)": ({ end }) => end === "open",
  "other size (incomplete)": ({ end }) => end === "open",
  "accept": ({ end }) => end === "whole",
  "accept (or 405/501)": ({ end }) => end === "whole",
  'accept as name X, value "Y: v"': ({ headers }) => headers.some(([name, value]) => name === "x" && value === "Y: v"),
};

/** Where the grid has the RFC allow both: what URIs may not hold but browsers send as it is passes, all else is refused. */
const RAW_IN_TARGETS = "%[]^|";

/** Whether the server took the request with this octet, or refused it, as the grid says. */
function judgeOctet(heard: Heard, expected: string, grid: string, octet: number): boolean {
  const { answers } = readAnswers(heard.wire);
  const raw = expected === "either" && grid.startsWith("target") &&
    RAW_IN_TARGETS.includes(String.fromCharCode(octet));
  const accepts = raw ? GRID_ACCEPTS["accept"] : GRID_ACCEPTS[expected];
  const first = heard.seen[0];
  if (accepts === undefined) {
    const status = answers.at(-1)?.status ?? 0;
    return heard.ended && status >= 400 && answers.length === 1 && heard.seen.every(({ end }) => end === "broken");
  }
  return first !== undefined && accepts(first) && (first.end === "open" ? answers.length === 0 : answers.length > 0);
}

vectorTest(
  "serve() judges each octet of the grid by the grammar, whole, octet by octet and cut around it",
  () => loadVectors<{ grids: Grid[] }>("smuggling", "octet-grid.json"),
  async ({ grids }) => {
    await using lab = new Lab();
    let count = 0;
    for (const { name, template, octets } of grids) {
      for (const [expected, list] of Object.entries(octets)) {
        const place = template.indexOf("<c>");
        const values = list.split(" ").map((hex) => parseInt(hex, 16));
        const talks = values.flatMap((octet): Talk[] => {
          const input = fromLatin1(template.replace("<c>", () => String.fromCharCode(octet)));
          return (["whole", "octets", place, place + 1] as const).map((cut) => ({ input, cut }));
        });
        const heard = await lab.converse(talks);
        values.forEach((octet, index) => {
          const ways = heard.slice(index * 4, index * 4 + 4);
          const text = `${name} ${octet.toString(16)}, ${expected}: ${JSON.stringify(ways[0])}`;
          for (const way of ways) assertEquals(canonical(way), canonical(ways[0]!), text);
          assert(judgeOctet(ways[0]!, expected, name, octet), text);
        });
        count += values.length;
      }
    }
    assertEquals(count, 16 * 256);
    assertEquals(lab.failures, []);
  },
);
