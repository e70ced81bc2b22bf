import { assert, assertEquals } from "@std/assert";
import type { Field } from "../../http/fields/field.ts";
import { ChunkedDecoder, type ChunkedLimits, DEFAULT_CHUNKED_LIMITS, Http1Error } from "../../http1/mod.ts";
import { fromLatin1 } from "../vectors.ts";

interface Decoded {
  data: string;
  trailers: readonly Field[];
  done: boolean;
  error: number;
  /** Bytes that were not used when the content was done. */
  rest: number;
}

/** Decodes pieces as a connection would, keeping unused bytes in a new buffer. */
function decode(pieces: readonly Uint8Array[], limits: ChunkedLimits): Decoded {
  const decoder = new ChunkedDecoder(limits);
  const decoded: Decoded = { data: "", trailers: [], done: false, error: 0, rest: 0 };
  let unread = new Uint8Array(0);
  try {
    for (const piece of pieces) {
      const bytes = Uint8Array.from([...unread, ...piece]);
      let at = 0;
      for (let used = -1; used !== 0 && !decoder.done; at += used) {
        used = decoder.read(bytes, at, bytes.length);
        decoded.data += String.fromCharCode(...bytes.subarray(decoder.dataStart, decoder.dataEnd));
      }
      unread = bytes.slice(at);
    }
  } catch (error) {
    if (!(error instanceof Http1Error)) throw error;
    decoded.error = error.status;
  }
  return { ...decoded, trailers: decoder.trailers, done: decoder.done, rest: decoded.error === 0 ? unread.length : 0 };
}

function decodeOnEverySplit(text: string, limits = DEFAULT_CHUNKED_LIMITS): Decoded {
  const bytes = fromLatin1(text);
  const whole = decode([bytes], limits);
  assertEquals(decode(Array.from(bytes, (_, at) => bytes.subarray(at, at + 1)), limits), whole, text);
  for (let at = 0; at <= bytes.length; at++) {
    assertEquals(decode([bytes.subarray(0, at), bytes.subarray(at)], limits), whole, `${text} cut at ${at}`);
  }
  return whole;
}

const whole = (data: string, trailers: readonly Field[] = []): Decoded => ({
  data,
  trailers,
  done: true,
  error: 0,
  rest: 0,
});

Deno.test("ChunkedDecoder gives the data of every chunk and the trailers (RFC 9112 §7.1)", () => {
  assertEquals(decodeOnEverySplit("0\r\n\r\n"), whole(""));
  assertEquals(decodeOnEverySplit("5\r\nhello\r\n00A\r\n0123456789\r\n000\r\n\r\n"), whole("hello0123456789"));
  const trailers = [{ name: "x-a", value: "b" }, { name: "x-c", value: "" }];
  assertEquals(decodeOnEverySplit("1\r\na\r\n0\r\nX-A:  b \r\nX-C:\r\n\r\n"), whole("a", trailers));
});

Deno.test("ChunkedDecoder leaves what follows the content unused", () => {
  assertEquals(decodeOnEverySplit("1\r\na\r\n0\r\n\r\nGET / HTTP/1.1\r\n").rest, 16);
});

Deno.test("ChunkedDecoder drops trailers that may not stand there (RFC 9110 §6.5.1)", () => {
  const decoded = decodeOnEverySplit("0\r\nContent-Length: 5\r\nX: y\r\nHOST: evil\r\n\r\n");
  assertEquals(decoded, whole("", [{ name: "x", value: "y" }]));
});

Deno.test("ChunkedDecoder passes over extensions of the grammar, and refuses others (RFC 9112 §7.1.1)", () => {
  for (
    const extension of [
      ";a",
      ";a=b",
      ";a;b=c",
      " ; a = b ;c",
      "\t;\ta",
      ';a="b;\\"\\\\ é\t"',
      ';a="";b="c"',
      ';a="b" ;c',
    ]
  ) {
    assertEquals(decodeOnEverySplit(`1${extension}\r\na\r\n0${extension}\r\n\r\n`), whole("a"), extension);
  }
  for (
    const extension of [
      " ",
      "\t",
      ";",
      ";;a",
      ";a=",
      ";=b",
      ";a b",
      ";a =b c",
      ';a="b',
      ';a="b"c',
      ';a"b"',
      ";a ",
      ';a="\0"',
      ';a="\\\n"',
      ";a\n",
      "=a",
      "a;\r",
      ";é",
    ]
  ) {
    assertEquals(decodeOnEverySplit(`1${extension}\r\na\r\n0\r\n\r\n`).error, 400, extension);
  }
});

Deno.test("ChunkedDecoder wants CRLF behind every size and all data", () => {
  for (
    const text of [
      "1\na",
      "1\ra",
      "1\r\nab",
      "1\r\na\n",
      "1\r\na\r0",
      "1\r\na\r\n\r\n",
      "\r\n",
      "x",
      "-1\r\n",
      "+1\r\n",
      "0x1\r\n",
      " 1\r\n",
      "0\r\nX: y\n",
      "0\r\n X: y\r\n",
      "0\r\nX : y\r\n",
      "0\r\n\rX",
      "0\r\n\n",
    ]
  ) {
    assertEquals(decodeOnEverySplit(text).error, 400, text);
  }
});

Deno.test("ChunkedDecoder.remaining tells the announced size before the data, exactly, up to 2^53 - 1", () => {
  const announced = (line: string) => {
    const decoder = new ChunkedDecoder(DEFAULT_CHUNKED_LIMITS);
    const bytes = fromLatin1(line);
    assertEquals(decoder.read(bytes, 0, bytes.length), bytes.length);
    return decoder.remaining;
  };
  assertEquals(announced("1fffffffffffff\r\n"), Number.MAX_SAFE_INTEGER);
  assertEquals(announced("1FFFFFFFFFFFFE;a=b\r\n"), Number.MAX_SAFE_INTEGER - 1);
  assertEquals(announced(`${"0".repeat(60)}1e0\r\n`), 480);
  assertEquals(decodeOnEverySplit("20000000000000").error, 413);
  assertEquals(decodeOnEverySplit("10000000000000005").error, 413);
  assertEquals(decodeOnEverySplit("0".repeat(65)).error, 400);
});

Deno.test("ChunkedDecoder counts extensions over the whole message (RFC 9112 §7.1.1)", () => {
  const limits = { ...DEFAULT_CHUNKED_LIMITS, maxExtensionBytes: 6 };
  assertEquals(decodeOnEverySplit("1;aa\r\nb\r\n0;cc\r\n\r\n", limits), whole("b"));
  assertEquals(decodeOnEverySplit("1;aa\r\nb\r\n0;ccc", limits).error, 400);
});

Deno.test("ChunkedDecoder acts on the limits of trailers as soon as they are passed", () => {
  const limits = { ...DEFAULT_CHUNKED_LIMITS, maxTrailerBytes: 20, maxTrailerFields: 2 };
  assertEquals(decodeOnEverySplit("0\r\nA: b\r\nC: d\r\n\r\n", limits).error, 0);
  assertEquals(decodeOnEverySplit("0\r\nA: b\r\nC: d\r\nE", limits).error, 431);
  assertEquals(decodeOnEverySplit(`0\r\nA: ${"b".repeat(13)}\r\n\r\n`, limits).error, 0);
  assertEquals(decodeOnEverySplit(`0\r\nA: ${"b".repeat(17)}`, limits).error, 431);
  assertEquals(decodeOnEverySplit(`0\r\nA: ${"b".repeat(16)}`, limits).error, 0);
});

Deno.test("ChunkedDecoder.reset() begins a new message, wherever the last one stood", () => {
  const decoder = new ChunkedDecoder({ ...DEFAULT_CHUNKED_LIMITS, maxExtensionBytes: 4, maxTrailerFields: 1 });
  for (const start of ["5;a=b\r\nhel", "0\r\nA: b\r\n\r", "f", "1\r\na\r\n0;a=b\r\nX: y\r\n\r\n"]) {
    decoder.reset();
    const bytes = fromLatin1(start);
    for (let at = 0, used = -1; used !== 0 && !decoder.done; at += used) used = decoder.read(bytes, at, bytes.length);
  }
  assertEquals(decoder.trailers, [{ name: "x", value: "y" }]);
  decoder.reset();
  const bytes = fromLatin1("2;a=b\r\nhi");
  assertEquals([decoder.done, decoder.trailers, decoder.remaining], [false, [], 0]);
  assertEquals([decoder.read(bytes, 0, bytes.length), decoder.dataStart, decoder.dataEnd], [9, 7, 9]);
});

Deno.test("ChunkedDecoder gives data that came with what breaks behind it, before it throws", () => {
  const decoder = new ChunkedDecoder(DEFAULT_CHUNKED_LIMITS);
  const bytes = fromLatin1("2\r\nhiX");
  const used = decoder.read(bytes, 0, bytes.length);
  assertEquals([used, decoder.dataStart, decoder.dataEnd], [5, 3, 5]);
  let thrown: unknown;
  try {
    decoder.read(bytes, used, bytes.length);
  } catch (error) {
    thrown = error;
  }
  assert(thrown instanceof Http1Error);
});
