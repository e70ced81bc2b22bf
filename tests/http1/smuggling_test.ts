/**
 * Owns the run of the smuggling cases over the codec alone: what its parsers decide of them. What a server does with the
 * outcome is tested where the server is.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { converseOnEverySplit, type Message, type Outcome } from "./conversation.ts";
import { fromLatin1, loadVectors, vectorTest } from "../vectors.ts";
import {
  type Expected,
  type Grid,
  octetsOf,
  type Pairs,
  type RequestCase,
  type RequestExpected,
  type ResponseCase,
} from "./smuggling_cases.ts";

/** Cases in which ours is another of the conformant outcomes than the one that is advised first, and why. */
const CHOSEN: Readonly<Record<string, string>> = {
  "h1req/136": "a chunk of 4 GiB is legal: how much content is too much, the caller says, who sees `remaining`",
  "h1req/139": "a chunk of 2 GiB is legal: how much content is too much, the caller says, who sees `remaining`",
};
const CHOSEN_OF_RESPONSES: Readonly<Record<string, string>> = {
  "h1resp/183": "each interim response is read and forgotten: how many are too many, the client says",
};

const lower = (pairs: Pairs) => pairs.map(([name, value]) => ({ name: name.toLowerCase(), value }));

function isRequest(message: Message | undefined, expected: RequestExpected): boolean {
  if (message === undefined || !message.complete) return false;
  const trailers = expected.trailers === undefined ? message.trailers : lower(expected.trailers);
  const got = [message.start, message.text, message.body, message.fields, message.trailers];
  const wanted = [expected.method, expected.target, expected.body, lower(expected.headers), trailers];
  const minor = expected.version === "1.0" ? 0 : 1;
  return JSON.stringify(got) === JSON.stringify(wanted) && message.minor === minor;
}

function areRequests(outcome: Outcome, expected: Expected): boolean {
  const requests = expected.requests ?? [];
  return outcome.messages.length === requests.length &&
    requests.every((request, index) => isRequest(outcome.messages[index], request));
}

/** Tells whether the codec's outcome is what a server needs to give the expected one. */
function gives(outcome: Outcome, expected: Expected, phase: RequestCase["phase"]): boolean {
  const status = [expected.status ?? []].flat();
  switch (expected.outcome) {
    case "any":
      return expected.of!.some((one) => gives(outcome, one, phase));
    case "accept":
      return outcome.error === 0 && !outcome.partial && !outcome.closed && areRequests(outcome, expected);
    case "accept-close": // one that expects a second HTTP/1.0 request is closed by the end of the input
      return outcome.error === 0 && !outcome.partial && areRequests(outcome, expected) &&
        (outcome.closed || status.length === 0);
    case "accept-then-any":
      return isRequest(outcome.messages[0], expected.requests![0]!);
    case "accept-then-reject":
      return status.includes(outcome.error) && areRequests(outcome, expected);
    case "reject":
      return status.includes(outcome.error) &&
        outcome.messages.every((message) => phase === "body" && !message.complete);
    case "incomplete":
      return outcome.error === 0 && outcome.partial;
    case "interim-100":
      return outcome.messages[0]?.expectContinue === true && outcome.partial;
    default:
      throw new Error(`Cannot judge case as its outcome must be known: received ${expected.outcome}`);
  }
}

vectorTest(
  "RequestHeadParser and ChunkedDecoder decide the smuggling cases on every split",
  () => loadVectors<{ cases: RequestCase[] }>("smuggling", "cases.json"),
  async ({ cases }) => {
    const others: string[] = [];
    for (const test of cases) {
      const outcome = converseOnEverySplit({ role: "request" }, await octetsOf(test), test.id);
      assert(gives(outcome, test.expect, test.phase), `${test.id} ${test.name}: ${JSON.stringify(outcome)}`);
      assert(
        outcome.messages.every((message) => message.text !== test.must_not_see),
        `${test.id} ${test.name}: smuggled`,
      );
      if (test.expect.of !== undefined && !gives(outcome, test.expect.of[0]!, test.phase)) others.push(test.id);
    }
    assertEquals(others, Object.keys(CHOSEN));
  },
);

/** Reads a response as a client would: interim ones are passed over, and the end of the input is the connection's. */
function answerOf(outcome: Outcome): { readonly answer: Message | undefined; readonly whole: boolean } {
  const answer = outcome.messages.find((message) => Number(message.start) >= 200 || message.start === 101);
  return { answer, whole: answer !== undefined && (answer.complete || answer.framing === "close") };
}

function isReusable(outcome: Outcome, answer: Message): boolean {
  return answer.keepAlive && outcome.error === 0 && !outcome.partial && outcome.messages.at(-1) === answer;
}

function answers(outcome: Outcome, expected: Expected): boolean {
  const { answer, whole } = answerOf(outcome);
  switch (expected.outcome) {
    case "any":
      return expected.of!.some((one) => answers(outcome, one));
    case "error": // a head that never comes is one as well: the connection is closed behind it
      return answer === undefined;
    case "body-error":
      return answer !== undefined && !whole;
    case "tunnel":
      return answer !== undefined && outcome.closed;
    case "ok":
      return whole && answer!.start === expected.status && answer!.body === expected.body &&
        isReusable(outcome, answer!) === (expected.reusable ?? isReusable(outcome, answer!)) &&
        Object.entries(expected.headers ?? {}).every(([name, value]) =>
          answer!.fields.some((field) => field.name === name.toLowerCase() && field.value === value)
        );
    default:
      throw new Error(`Cannot judge case as its outcome must be known: received ${expected.outcome}`);
  }
}

vectorTest(
  "ResponseHeadParser and ChunkedDecoder decide the response cases on every split",
  () => loadVectors<{ cases: ResponseCase[] }>("smuggling", "responses.json"),
  async ({ cases }) => {
    const others: string[] = [];
    for (const test of cases) {
      const reader = { role: "response", method: test.request_method } as const;
      const outcome = converseOnEverySplit(reader, await octetsOf(test), test.id);
      assert(answers(outcome, test.expect), `${test.id} ${test.name}: ${JSON.stringify(outcome)}`);
      if (test.expect.of !== undefined && !answers(outcome, test.expect.of[0]!)) others.push(test.id);
    }
    assertEquals(others, Object.keys(CHOSEN_OF_RESPONSES));
  },
);

/** What each outcome of the grid means; where it leaves a choice, ours is the strict one unless said otherwise. */
const GRID_OUTCOMES: Readonly<Record<string, (outcome: Outcome, octet: number, grid: string) => boolean>> = {
  "reject": isRejected,
  "reject, or chunked if replaced by SP": isRejected,
  "reject, or length 5 if replaced by SP": isRejected,
  "reject, or obs-fold into X (then no body)": isRejected,
  "reject, or end of head when bare LF is a line end": isRejected,
  "reject, or chunked when bare LF is a line end (the head then ends here)": isRejected,
  "reject, or length 5 when bare LF is a line end": isRejected,
  "reject, or accept with SP in its place": isRejected,
  "chunked or reject": isRejected,
  "either (reject recommended)": isRejected,
  "chunked": (outcome) => isWhole(outcome) && outcome.messages[0]!.body === "hello",
  "body hello": (outcome) => isWhole(outcome) && outcome.messages[0]!.body === "hello",
  "length 5": (outcome) => isWhole(outcome) && outcome.messages[0]!.body === "hello",
  "other field": (outcome) => outcome.messages[0]!.framing === "none" && outcome.messages[0]!.body === "",
  "other length (incomplete)": (outcome) => outcome.error === 0 && outcome.partial && !outcome.messages[0]!.complete,
  "other size (incomplete)": (outcome) => outcome.error === 0 && outcome.partial && !outcome.messages[0]!.complete,
  "accept": isWhole,
  "accept (or 405/501)": isWhole,
  'accept as name X, value "Y: v"': (outcome) =>
    isWhole(outcome) && outcome.messages[0]!.fields.at(-1)!.name === "x" &&
    outcome.messages[0]!.fields.at(-1)!.value === "Y: v",
  "either": (outcome, octet, name) => (isRawInTarget(octet, name) ? isWhole(outcome) : isRejected(outcome)),
};

/** What browsers leave as it is in a path, and a percent sign, which may begin an escape that is none. */
function isRawInTarget(octet: number, grid: string): boolean {
  return grid.startsWith("target") && "%[]^|".includes(String.fromCharCode(octet));
}

function isRejected(outcome: Outcome): boolean {
  return outcome.error >= 400 && outcome.messages.every((message) => !message.complete);
}

function isWhole(outcome: Outcome): boolean {
  return outcome.error === 0 && outcome.messages.length === 1 && outcome.messages[0]!.complete;
}

vectorTest(
  "RequestHeadParser and ChunkedDecoder judge each octet by the grammar on every split",
  () => loadVectors<{ grids: Grid[] }>("smuggling", "octet-grid.json"),
  ({ grids }) => {
    let count = 0;
    for (const { name, template, octets } of grids) {
      for (const [expected, list] of Object.entries(octets)) {
        const judge = GRID_OUTCOMES[expected];
        assert(judge !== undefined, `${name}: the outcome "${expected}" is not known`);
        for (const hex of list.split(" ")) {
          const octet = parseInt(hex, 16);
          const bytes = fromLatin1(template.replace("<c>", () => String.fromCharCode(octet)));
          const outcome = converseOnEverySplit({ role: "request" }, bytes, `${name} ${hex}`);
          assert(judge(outcome, octet, name), `${name} ${hex}, ${expected}: ${JSON.stringify(outcome)}`);
          count++;
        }
      }
    }
    assertEquals(count, 16 * 256);
  },
);
