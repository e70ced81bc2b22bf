/**
 * Owns what is served: the one handler file that each server of `bench:load` runs, with the global `Response` only.
 * Knows no server.
 *
 * A process serves one handler, named when it starts, so that no measured request pays for a choice by path.
 *
 * @module
 */

/** What every server is given. */
export type Handler = (request: Request) => Response | Promise<Response>;

/** The length of a measured download, in bytes: 64 MiB. */
export const DOWNLOAD_BYTES: number = 64 * 1024 * 1024;
/** The length of one chunk of a streamed download, in bytes: 64 KiB. */
export const CHUNK_BYTES: number = 64 * 1024;

const hello = (): Response => new Response("Hello, World!");

/** The handler that most cases measure. */
export default hello;

// Made once, when a download is first asked for: the servers of other cases must not hold 64 MiB.
let download: Uint8Array<ArrayBuffer> | undefined;

/** The bytes of the download; byte `i` is `i` modulo 251, so that a part that went missing or moved is seen. */
export function downloadBytes(): Uint8Array<ArrayBuffer> {
  return download ??= counting(DOWNLOAD_BYTES);
}

/** Gives 0 to 250 again and again: a period that divides no chunk's length. Copied by doubling, as a loop takes a second. */
function counting(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < 251; at++) bytes[at] = at;
  for (let made = 251; made < length; made *= 2) bytes.copyWithin(made, 0, made);
  return bytes;
}

function downloadStream(): ReadableStream<Uint8Array> {
  const bytes = downloadBytes();
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at === DOWNLOAD_BYTES) return controller.close();
      controller.enqueue(bytes.subarray(at, at += CHUNK_BYTES));
    },
  });
}

/**
 * How often `burn` turns its wheel: about 100 µs of one core of the machine that the README's figures are from. Rounds are
 * counted, not time, as whoever waits for a core burns nothing meanwhile.
 */
const BURN_ROUNDS = 67_000;

/** Keeps a core busy by a generator of random numbers (xorshift), and gives the last. */
function burn(rounds: number): number {
  let x = 1;
  for (let round = 0; round < rounds; round++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
  }
  return x;
}

/** Every handler that a case may name. */
export const handlers: Readonly<Record<string, Handler>> = {
  /** A short text. */
  hello,
  /** The same, promised. */
  async: async () => await Promise.resolve(new Response("Hello, World!")),
  /** A short text that takes some 100 µs of a core to find. */
  burn: () => new Response(`Hello, ${burn(BURN_ROUNDS)}!`),
  /** An answer with a `headers` init. */
  json: () =>
    new Response('{"message":"Hello, World!"}', {
      headers: { "content-type": "application/json", "cache-control": "no-store" },
    }),
  /** Looks at the method, the URL and two fields of the request. */
  touch: (request) => {
    const { pathname, search } = new URL(request.url);
    const { headers } = request;
    return new Response(`${request.method} ${pathname}${search} ${headers.get("accept")} ${headers.has("cookie")}`);
  },
  /** Parses a JSON body and answers with it. */
  echo: async (request) => Response.json(await request.json()),
  /** 64 MiB from a `Uint8Array`. */
  downloadBytes: () => new Response(downloadBytes()),
  /** 64 MiB from a stream of 64 KiB chunks. */
  downloadStream: () => new Response(downloadStream()),
  /** Drains the body as a stream and answers with its length. */
  uploadStream: async (request) => {
    let length = 0;
    for await (const chunk of request.body ?? []) length += chunk.length;
    return new Response(String(length));
  },
  /** Takes the body whole and answers with its length. */
  uploadBytes: async (request) => new Response(String((await request.bytes()).length)),
};

/**
 * Gives the handler that a server process was told to serve.
 *
 * @throws {RangeError} If there is none of that name.
 */
export function handlerNamed(name: string | undefined): Handler {
  const handler = name === undefined ? undefined : handlers[name];
  if (handler === undefined) {
    throw new RangeError(`Cannot serve as handler must be one of ${Object.keys(handlers)}: received ${name}`);
  }
  return handler;
}
