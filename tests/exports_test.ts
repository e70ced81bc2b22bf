/**
 * Owns the list of what each public module exports as values, so that a name comes or goes only on purpose.
 * Must not know what the names do.
 *
 * @module
 */

import { assertEquals } from "@std/assert";

/** The values that each public module exports, in alphabetical order. */
const EXPORTS: Readonly<Record<string, readonly string[]>> = {
  ".": [
    "BodyTooLargeError",
    "ClientError",
    "ConnectionLostError",
    "DEFAULT_FETCH_LIMITS",
    "DEFAULT_FETCH_TIMEOUTS",
    "DEFAULT_SERVE_LIMITS",
    "DEFAULT_SERVE_TIMEOUTS",
    "Http1Error",
    "HttpClient",
    "ManualClock",
    "ProtocolError",
    "TaskGroup",
    "TunnelRefusedError",
    "deadline",
    "run",
    "serve",
    "sleep",
    "spawn",
    "systemClock",
    "timeout",
    "trailersOf",
    "withTrailers",
  ],
  "./client": [
    "ClientError",
    "ConnectionLostError",
    "DEFAULT_FETCH_LIMITS",
    "DEFAULT_FETCH_TIMEOUTS",
    "Http1Error",
    "HttpClient",
    "TunnelRefusedError",
    "trailersOf",
  ],
  "./fields": [
    "ALPHA",
    "DEFAULT_CHUNK_EXTENSION_LIMIT",
    "DEFAULT_FIELD_COUNT_LIMIT",
    "DEFAULT_HEAD_LIMIT",
    "DEFAULT_TARGET_LIMIT",
    "DEFAULT_TRAILER_COUNT_LIMIT",
    "DEFAULT_TRAILER_LIMIT",
    "DIGIT",
    "FIELD_VALUE",
    "HEXDIG",
    "HEX_VALUE",
    "Method",
    "OBS_TEXT",
    "ProtocolError",
    "QDTEXT",
    "REASON_PHRASES",
    "SUB_DELIMS",
    "TOKEN",
    "UNRESERVED",
    "VCHAR",
    "consistsOf",
    "decodeLatin1",
    "formatHttpDate",
    "isContentless",
    "isFieldValue",
    "isIdempotentMethod",
    "isSafeMethod",
    "isToken",
    "isTrailerAllowed",
    "listElements",
    "listHas",
    "octets",
    "parseContentLength",
    "parseContentType",
    "parseHttpDate",
    "quote",
    "readContentLength",
    "reasonPhrase",
    "splitUnquoted",
    "trimOws",
    "unquote",
  ],
  "./hpack": [
    "DEFAULT_LIST_LIMIT",
    "DEFAULT_TABLE_SIZE",
    "FIELD_OVERHEAD",
    "HpackDecoder",
    "HpackEncoder",
    "HpackError",
    "MAX_CRUMBS",
    "cookieCrumbs",
    "indexingOf",
    "joinCookies",
    "maxBlockSize",
    "sizeOfList",
  ],
  "./http": [
    "BodyTooLargeError",
    "DEFAULT_BODY_LIMIT",
    "ProblemError",
    "ProtocolError",
    "acceptingStatus",
    "json",
    "lazyRequest",
    "ndjson",
    "offerUpgrade",
    "offeredProtocols",
    "plainContentType",
    "problem",
    "readAll",
    "readJson",
    "responseFields",
    "sentTrailers",
    "setReceivedTrailers",
    "sourceOf",
    "streamOf",
    "switchableOf",
    "takeKnownBody",
    "trailersOf",
    "upgradeOf",
    "withTrailers",
  ],
  "./http1": [
    "ChunkedDecoder",
    "DEFAULT_CHUNKED_LIMITS",
    "DEFAULT_HEAD_LIMITS",
    "Http1Error",
    "RequestHead",
    "RequestHeadParser",
    "ResponseHead",
    "ResponseHeadParser",
    "encodeHeadPrefix",
    "encodeInterimHead",
    "sizeOfFields",
    "writeChunkHeader",
    "writeField",
    "writeFields",
    "writeHeadEnd",
    "writeLastChunk",
    "writeRequestHead",
    "writeStatusLine",
  ],
  "./json": [
    "DEFAULT_MAX_BYTES",
    "DEFAULT_MAX_DEPTH",
    "DEFAULT_MAX_INTEGER_DIGITS",
    "DEFAULT_MAX_KEYS",
    "DEFAULT_MAX_RECORD_BYTES",
    "DEFAULT_MAX_STRING_BYTES",
    "DEFAULT_MAX_VALUE_BYTES",
    "JsonBuffer",
    "JsonError",
    "JsonEventReader",
    "JsonEventStream",
    "JsonReader",
    "JsonReaderStream",
    "JsonSeqParseStream",
    "JsonSeqReader",
    "JsonSeqStringifyStream",
    "NdjsonParseStream",
    "NdjsonReader",
    "NdjsonStringifyStream",
    "parse",
    "stringify",
    "stringifyArray",
    "stringifyInto",
    "stringifyLines",
  ],
  "./net": [
    "ByteView",
    "DEFAULT_CAPACITY",
    "DEFAULT_DIAL_TIMEOUT",
    "DEFAULT_HIGH_WATER_MARK",
    "DEFAULT_INITIAL_SIZE",
    "DEFAULT_MAX_CONNECTIONS",
    "DEFAULT_MAX_CONNECTIONS_PER_ADDRESS",
    "DEFAULT_MAX_SIZE",
    "DEFAULT_MIN_READ",
    "HandshakeError",
    "LimitError",
    "PrefixedTransport",
    "Reader",
    "Wire",
    "Writer",
    "acceptLoop",
    "attempt",
    "dialTcp",
    "dialTls",
    "dialUnix",
    "dialVsock",
    "listenTcp",
    "listenTls",
    "listenUnix",
    "listenVsock",
    "memoryNetwork",
    "memoryPipe",
    "secureListener",
  ],
  "./runtime": [
    "DuplexSource",
    "Interest",
    "ListenerSource",
    "PortSource",
    "Reactor",
    "ReaderSource",
    "Readiness",
    "ReadyEvent",
    "SignalSource",
    "Source",
    "TaskGroup",
    "TimerSource",
    "WriterSource",
    "blockOn",
    "platformProcess",
    "run",
    "spawn",
  ],
  "./server": [
    "DEFAULT_SERVE_LIMITS",
    "DEFAULT_SERVE_TIMEOUTS",
    "serve",
  ],
  "./timer": [
    "ManualClock",
    "Scheduler",
    "Timer",
    "TimerWheel",
    "deadline",
    "scheduler",
    "sleep",
    "systemClock",
    "timeout",
  ],
};

const ROOT = new URL("../", import.meta.url);
const config: { exports: Record<string, string> } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", ROOT)));

for (const [path, file] of Object.entries(config.exports)) {
  Deno.test(`@avx/http${path.slice(1)} exports what its list says`, async () => {
    const module: Record<string, unknown> = await import(new URL(file, ROOT).href);
    assertEquals(Object.keys(module).sort(), [...EXPORTS[path] ?? []].sort());
  });
}

Deno.test("each public folder's mod.ts is an export, and nothing else is", () => {
  const folders = [...Deno.readDirSync(ROOT)].filter(({ isDirectory, name }) =>
    isDirectory && !/^[.]|^tests$/.test(name)
  );
  const candidates = [".", ...folders.flatMap(({ name }) => [name, ...subfolders(name)])];
  const modules = candidates.map((folder) => folder === "." ? "./mod.ts" : `./${folder}/mod.ts`).filter(exists);
  assertEquals(Object.values(config.exports).sort(), modules.sort());
  assertEquals(Object.keys(config.exports).sort(), Object.keys(EXPORTS).sort());
});

function subfolders(folder: string): string[] {
  return [...Deno.readDirSync(new URL(`${folder}/`, ROOT))].filter(({ isDirectory }) => isDirectory)
    .map(({ name }) => `${folder}/${name}`);
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(new URL(path, ROOT)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
