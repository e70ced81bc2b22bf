/**
 * Owns the tests of the showcase's parts that need no server: flags, numbers in URLs, the histogram, the live figures.
 *
 * @module
 */

import { assert, assertAlmostEquals, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { ManualClock, Scheduler } from "@avx/http/timer";
import fc from "fast-check";
import { Figures } from "../../examples/showcase/figures.ts";
import { FlagError, HELP, readFlags } from "../../examples/showcase/flags.ts";
import { SlidingHistogram } from "../../examples/showcase/histogram.ts";
import { readNumber, Refusal } from "../../examples/showcase/query.ts";
import { DigestedLines, filler, tally } from "../../examples/showcase/streams.ts";

Deno.test("readFlags() gives the defaults, and what the flags say instead", () => {
  const both = ["h2", "http/1.1"] as const;
  const defaults = { port: 8000, hostname: "127.0.0.1", workers: 1, protocols: both, tls: false, help: false };
  assertEquals(readFlags([]), defaults);
  assertEquals(readFlags(["--port", "0", "--hostname=::1"]), { ...defaults, port: 0, hostname: "::1" });
  assertEquals(readFlags(["--port=65535", "--help"]), { ...defaults, port: 65535, help: true });
  assertEquals(readFlags(["--workers=256"]), { ...defaults, workers: 256 });
  assertEquals(readFlags(["--protocols", "h2"]), { ...defaults, protocols: ["h2"] });
  assertEquals(readFlags(["--protocols", "http/1.1"]), { ...defaults, protocols: ["http/1.1"] });
  assertEquals(readFlags(["--protocols=http/1.1,h2"]), defaults);
  assertEquals(readFlags(["--tls"]), { ...defaults, tls: true });
  const tls = { cert: "a.pem", key: "b.pem" };
  assertEquals(readFlags(["--cert", "a.pem", "--key=b.pem"]), { ...defaults, tls });
  assertEquals(readFlags(["--cert", "a.pem", "--key=b.pem", "--tls"]), { ...defaults, tls });
});

for (
  const args of [
    ["--port"],
    ["--port", "65536"],
    ["--port", "-1"],
    ["--port", "8e3"],
    ["--port", ""],
    ["--workers", "0"],
    ["--workers", "257"],
    ["--workers", "1.5"],
    ["--workers"],
    ["--port=80 "],
    ["--protocols"],
    ["--protocols="],
    ["--protocols", "h3"],
    ["--protocols", "h2,h2"],
    ["--protocols", "h2,"],
    ["--protocols", "h2 http/1.1"],
    ["--tls=yes"],
    ["--cert", "a.pem"],
    ["--key", "b.pem"],
    ["--cert=", "--key", "b.pem"],
    ["--cert", "a.pem", "--key="],
    ["--tls", "--key", "b.pem"],
    ["--hostname="],
    ["--hostname", "a b"],
    ["--verbose"],
    ["-p", "80"],
    ["8000"],
    ["--help=yes"],
  ]
) {
  Deno.test(`readFlags() refuses ${JSON.stringify(args)} with one line`, () => {
    const { message } = assertThrows(() => readFlags(args), FlagError);
    assertMatch(message, /^Cannot read [^\n]+$/);
  });
}

Deno.test("HELP names every flag, the default port and the exit statuses, in 80 columns", () => {
  const flags = ["--port", "--hostname", "--workers", "--protocols", "--tls", "--cert", "--key", "--help"];
  for (const word of [...flags, "default 8000", "Exit status"]) {
    assert(HELP.includes(word), word);
  }
  assert(HELP.split("\n").every((line) => line.length <= 80));
});

const range = { min: 0, max: 100, fallback: 7 };

Deno.test("readNumber() gives the number, or the fallback when there is none", () => {
  assertEquals(readNumber(new URLSearchParams("n=0"), "n", range), 0);
  assertEquals(readNumber(new URLSearchParams("n=100&m=x"), "n", range), 100);
  assertEquals(readNumber(new URLSearchParams("m=1"), "n", range), 7);
});

for (const query of ["n=", "n=101", "n=-1", "n=1.5", "n=1e1", "n=0x1", "n=%201", "n=1&n=1", `n=${"9".repeat(400)}`]) {
  Deno.test(`readNumber() refuses ?${query.slice(0, 20)} with a 400 of one short line`, async () => {
    const refusal = assertThrows(() => readNumber(new URLSearchParams(query), "n", range), Refusal);
    const response = refusal.toResponse();
    assertEquals(response.status, 400);
    assertMatch(await response.text(), /^Cannot read 'n' as it must be [^\n]{1,120}\n$/);
  });
}

Deno.test("SlidingHistogram.percentiles() are at most 1/32 and a microsecond above a sorted list's", () => {
  const durations = fc.array(
    fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 2e6, noNaN: true })),
    {
      minLength: 1,
      maxLength: 200,
    },
  );
  const fraction = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(fc.property(durations, fraction, (list, part) => {
    const histogram = new SlidingHistogram(10);
    for (const duration of list) histogram.record(5000, duration);
    const sorted = list.toSorted((a, b) => a - b);
    const exact = sorted[Math.max(0, Math.ceil(part * list.length) - 1)]!;
    const [found] = histogram.percentiles(5000, [part]);
    assert(typeof found === "number");
    assert(found >= exact - 0.0005 && found <= exact * (1 + 1 / 32) + 0.001, `${found} for ${exact}`);
  }));
});

Deno.test("SlidingHistogram forgets a second when it is as old as the window, and not before", () => {
  const histogram = new SlidingHistogram(3);
  histogram.record(1000, 4);
  histogram.record(2000, 8);
  assertEquals(histogram.percentiles(3999, [0, 1]).map((ms) => Math.round(ms ?? -1)), [4, 8]);
  assertEquals(histogram.percentiles(4000, [0, 1]).map((ms) => Math.round(ms ?? -1)), [8, 8]);
  assertEquals(histogram.percentiles(5000, [0, 1]), [null, null]);
  histogram.record(1e9, 16);
  assertAlmostEquals(histogram.percentiles(1e9, [0.5])[0] ?? -1, 16, 0.5);
});

/** Reads the next event: its name and its data. */
async function nextEvent(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<[string, unknown]> {
  const { value } = await reader.read();
  const [, name, data] = /^event: (\w+)\nretry: \d+\ndata: (.*)\n\n$/.exec(new TextDecoder().decode(value)) ?? [];
  return [name ?? "none", JSON.parse(data ?? "null")];
}

function makeFigures() {
  const clock = new ManualClock({ now: 0, date: 1_000_000 });
  const scheduler = new Scheduler(clock);
  const counts = { connections: 2, requests: 10, active: 1 };
  return { clock, scheduler, counts, figures: new Figures(scheduler, () => counts) };
}

Deno.test("Figures.watch() sends what is kept, then a sample each second", async () => {
  const { clock, counts, figures } = makeFigures();
  const reader = figures.watch(Infinity).getReader();
  assertEquals(await nextEvent(reader), ["history", []]);
  counts.requests += 25;
  figures.record(clock.now() - 4);
  clock.advance(1000);
  const [name, sample] = await nextEvent(reader);
  assertEquals(name, "sample");
  const expected = {
    time: 1_001_000,
    connections: 2,
    requests: 35,
    active: 1,
    rate: 25,
    p50: 4.031,
    p99: 4.031,
    timers: 1,
  };
  assertEquals(sample, expected);
  const late = figures.watch(Infinity).getReader();
  assertEquals(await nextEvent(late), ["history", [expected]]);
  await reader.cancel();
  await late.cancel();
});

Deno.test("Figures holds a timer only while somebody watches", async () => {
  const { clock, scheduler, figures } = makeFigures();
  assertEquals(scheduler.pending, 0);
  const first = figures.watch(Infinity);
  const second = figures.watch(1);
  assertEquals(scheduler.pending, 1);
  clock.advance(1000); // the second one's only event
  await first.cancel();
  assertEquals(scheduler.pending, 0);
  const reader = second.getReader();
  assertEquals((await nextEvent(reader))[0], "history");
  assertEquals((await nextEvent(reader))[0], "sample");
  assertEquals((await reader.read()).done, true);
});

Deno.test("Figures keeps two minutes of samples, and no more than 8 events for a watcher that does not read", async () => {
  const { clock, figures } = makeFigures();
  const slow = figures.watch(Infinity).getReader();
  for (let second = 0; second < 200; second++) clock.advance(1000);
  const [, history] = await nextEvent(figures.watch(Infinity).getReader());
  assertEquals(Array.isArray(history) && history.length, 120);
  figures[Symbol.dispose]();
  const names: string[] = [];
  for (;;) {
    const { done, value } = await slow.read();
    if (done) break;
    names.push(new TextDecoder().decode(value).slice(0, 14));
  }
  assertEquals(names, ["event: history", ...Array.from({ length: 7 }, () => "event: sample\n")]);
});

Deno.test("Figures refuses a watcher beyond the hundredth, and all once it is disposed of, with 503", async () => {
  const { scheduler, figures } = makeFigures();
  const watching = Array.from({ length: 100 }, () => figures.watch(Infinity));
  const refusal = assertThrows(() => figures.watch(Infinity), Refusal);
  assertEquals(refusal.status, 503);
  await watching[0]?.cancel();
  figures.watch(Infinity);
  figures[Symbol.dispose]();
  assertEquals(scheduler.pending, 0);
  assertEquals(assertThrows(() => figures.watch(1), Refusal).status, 503);
});

for (const bytes of [0, 1, 63, 65_535, 65_536, 65_537, 200_000]) {
  Deno.test(`filler() sends exactly ${bytes} bytes, and tally() counts them`, async () => {
    const text = await new Response(filler(bytes)).text();
    assertEquals(text.length, bytes);
    assertEquals(text.split("\n").length, Math.floor(bytes / 64) + 1);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
    assertEquals(await tally(filler(bytes)), { bytes, sha256: digest.toHex() });
  });
}

Deno.test("tally() fails with what broke the stream off", async () => {
  const broken = new ReadableStream({ pull: (controller) => controller.error(new Error("cable cut")) });
  await assertRejects(() => tally(broken), Error, "cable cut");
});

Deno.test("DigestedLines.contentDigest() is the digest of the lines that were sent (RFC 9530 §2)", async () => {
  const lines = new DigestedLines(["one", "two"]);
  const text = await new Response(lines.stream).text();
  assertEquals(text, "one\ntwo\n");
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  assertEquals(lines.contentDigest(), `sha-256=:${digest.toBase64()}:`);
});
