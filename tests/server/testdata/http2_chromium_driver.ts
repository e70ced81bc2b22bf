/**
 * Owns a visit to a page over HTTP/2 in headless Chromium, as a program: given the page's URL it prints what it saw, as JSON.
 * The test that starts it judges.
 *
 * @module
 */

import { chromium } from "npm:playwright-core@^1.65.1";

/** What a visit saw. */
export interface Http2Visit {
  /** Errors and warnings on the console, and errors that nothing caught. */
  readonly complaints: readonly string[];
  /** The protocol of the page. */
  readonly page: string;
  /** How many of the page's assets came by which protocol. */
  readonly assets: Readonly<Record<string, number>>;
  /** How many connections a hundred requests at once took. */
  readonly connections: number;
  /** Bytes that came by a stream, that were sent as a blob, and that were sent as a stream. */
  readonly octets: readonly [down: number, up: number, streamed: number];
  /** What became of downloads that were given up: by their reader, and by a signal. */
  readonly givenUp: readonly [cancelled: string, aborted: string];
  /** What came of an upload that was refused before its end. */
  readonly refused: number;
  /** What was fetched in the end. */
  readonly after: string;
}

/** How long to wait, in milliseconds. */
const PATIENCE = 30_000;

/** What the page does; runs in Chromium. */
const SCRIPT = `(async () => {
  const entries = (type) => performance.getEntriesByType(type);
  const page = entries("navigation")[0].nextHopProtocol;
  const assets = {};
  for (const { nextHopProtocol } of entries("resource")) assets[nextHopProtocol] = (assets[nextHopProtocol] ?? 0) + 1;

  const asked = Array.from({ length: 100 }, async (_, index) => await (await fetch("/port?" + index)).text());
  const connections = new Set(await Promise.all(asked)).size;

  let down = 0;
  const download = (await fetch("/bytes?20000000")).body.getReader();
  for (let { done, value } = await download.read(); !done; { done, value } = await download.read()) down += value.length;
  const post = { method: "POST", cache: "no-store" };
  const up = Number(await (await fetch("/count", { ...post, body: new Blob([new Uint8Array(5000000)]) })).text());
  let left = 100;
  const pull = (controller) => left-- > 0 ? controller.enqueue(new Uint8Array(10000)) : controller.close();
  const stream = { ...post, body: new ReadableStream({ pull }), duplex: "half" };
  const streamed = Number(await (await fetch("/count", stream)).text());

  const reader = (await fetch("/bytes?1000000000")).body.getReader();
  await reader.read();
  await reader.cancel();
  const cancelled = (await reader.read()).done ? "done" : "more";
  const abort = new AbortController();
  const aborted = (await fetch("/bytes?1000000000", { signal: abort.signal })).arrayBuffer().catch(({ name }) => name);
  abort.abort();

  const refused = (await fetch("/refuse", { ...post, body: new Blob([new Uint8Array(5000000)]) })).status;
  const after = await (await fetch("/hello")).text();
  return { page, assets, connections, octets: [down, up, streamed], givenUp: [cancelled, await aborted], refused, after };
})()`;

async function visit(executablePath: string, url: string): Promise<Http2Visit> {
  // Root, as in containers, has no sandbox in Chromium; the certificate is a test's.
  const args = ["--no-sandbox", "--ignore-certificate-errors"];
  const browser = await chromium.launch({ executablePath, args });
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(PATIENCE);
    const complaints: string[] = [];
    page.on("console", (message: { type(): string; text(): string }) => {
      if (["error", "warning"].includes(message.type())) complaints.push(message.text());
    });
    page.on("pageerror", (error: Error) => complaints.push(error.message));
    await page.goto(url);
    const seen = await page.evaluate<Omit<Http2Visit, "complaints">>(SCRIPT);
    return { complaints, ...seen };
  } finally {
    await browser.close();
  }
}

const [executablePath = "", url = ""] = Deno.args;
console.log(JSON.stringify(await visit(executablePath, url)));
