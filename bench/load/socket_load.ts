/**
 * Owns the process that puts a load of frames on a server: made and masked before, so that what is measured is the server.
 * Knows no server. Run as `socket_load.ts <port> <work> <sockets> <bytes>`.
 *
 * Prints `ready 0` once the first message of each socket came back as it must, then answers each `run <milliseconds>` on
 * stdin by `done <messages a second>`. For `idle` it prints `answered <count>` once each connection had a plain answer; `open`
 * makes them WebSockets, and each order has one message sent to all, and answers `heard <count>`. Ends when stdin ends.
 *
 * @module
 */

import { constants, deflateRawSync, inflateRawSync } from "node:zlib";

const [port = "0", work = "text", count = "1", size = "64"] = Deno.args;
const sockets = Number(count);
const bytes = Number(size);

/** How many connections are opened at the same time: less than the backlog of any of the servers. */
const AT_ONCE = 64;
/** How many broadcasts are under way at a time, so that the server need not wait for the load. */
const BROADCASTS = 4;
/** How many messages of a socket take turns where they are compressed. */
const VARIETY = 16;

const encoder = new TextEncoder();
const decoder = new TextDecoder("latin1");
const GET = encoder.encode("GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n");
const OPENING = encoder.encode(
  "GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n" +
    "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
    (work === "deflate" ? "sec-websocket-extensions: permessage-deflate; client_no_context_takeover\r\n\r\n" : "\r\n"),
);

/** A message's payload: text of ASCII, JSON or any octets. */
function payloadOf(socket: number, turn: number): Uint8Array<ArrayBuffer> {
  if (work === "binary") return Uint8Array.from({ length: bytes }, (_, at) => at * (socket + 3) % 251);
  let text = "";
  for (let id = turn; text.length < bytes; id++) {
    text += JSON.stringify({ socket, id, name: `user ${id * 7919 % 1000}` });
  }
  return encoder.encode(text.slice(0, bytes));
}

/** A client's frame, masked by a key of the socket's own. */
function frameOf(payload: Uint8Array, first: number, key: number): Uint8Array<ArrayBuffer> {
  const { length } = payload;
  const head = length < 126 ? [first, 0x80 | length] : [first, 0x80 | 126, length >> 8, length & 0xff];
  const octets = [24, 16, 8, 0].map((shift) => key >>> shift & 0xff);
  const frame = new Uint8Array(head.length + 4 + length);
  frame.set([...head, ...octets]);
  payload.forEach((octet, at) => frame[head.length + 4 + at] = octet ^ octets[at & 3]!);
  return frame;
}

function compressed(payload: Uint8Array): Uint8Array {
  const data = deflateRawSync(payload, { level: 6, finishFlush: constants.Z_SYNC_FLUSH });
  return new Uint8Array(data.subarray(0, -4));
}

/** A connection, what was read and not looked at yet, and what it sends. */
class Socket {
  readonly #connection: Deno.TcpConn;
  readonly buffer = new Uint8Array(64 * 1024);
  #length = 0;
  readonly frames: Uint8Array[];
  #turn = 0;

  constructor(connection: Deno.TcpConn, index: number) {
    this.#connection = connection;
    connection.setNoDelay();
    const isDeflated = work === "deflate";
    const first = (isDeflated ? 0xc0 : 0x80) | (work === "binary" ? 2 : 1);
    this.frames = Array.from({ length: isDeflated ? VARIETY : 1 }, (_, turn) => {
      const payload = payloadOf(index, turn);
      return frameOf(isDeflated ? compressed(payload) : payload, first, 0x37fa213d + index * 0x01010101 | 0);
    });
  }

  async write(data: Uint8Array): Promise<void> {
    for (let at = 0; at < data.length;) at += await this.#connection.write(at === 0 ? data : data.subarray(at));
  }

  /** Sends its next message. */
  async send(): Promise<void> {
    await this.write(this.frames[this.#turn++ % this.frames.length]!);
  }

  async #read(): Promise<void> {
    const count = await this.#connection.read(this.#length === 0 ? this.buffer : this.buffer.subarray(this.#length));
    if (count === null) throw new Error("Cannot go on as the server closed the connection");
    this.#length += count;
  }

  /** Asks by HTTP, and gives the head of the answer, its body gone. */
  async ask(request: Uint8Array): Promise<string> {
    await this.write(request);
    for (;;) {
      await this.#read();
      const text = decoder.decode(this.buffer.subarray(0, this.#length));
      const end = text.indexOf("\r\n\r\n");
      if (end < 0) continue;
      const length = Number(/content-length: *(\d+)\r\n/i.exec(text)?.[1] ?? 0);
      if (text.length < end + 4 + length) continue;
      this.#drop(end + 4 + length);
      return text.slice(0, end);
    }
  }

  /** Waits for a frame, and gives it; it stays in the buffer until {@linkcode Socket.dropFrame}. */
  async frame(): Promise<{ readonly start: number; readonly end: number }> {
    for (;;) {
      if (this.#length >= 4) {
        const short = this.buffer[1]!;
        const start = short < 126 ? 2 : 4;
        const end = start + (short < 126 ? short : this.buffer[2]! << 8 | this.buffer[3]!);
        if (short > 126) throw new Error(`Cannot go on as frames must be short: received ${short}`);
        if (this.#length >= end) return { start, end };
      }
      await this.#read();
    }
  }

  /** Forgets the first bytes of what was read. */
  #drop(end: number): void {
    this.buffer.copyWithin(0, end, this.#length);
    this.#length -= end;
  }

  /** Waits for the echo of one message, and forgets it. */
  async echoed(): Promise<void> {
    const { end } = await this.frame();
    if (this.#length === end) this.#length = 0;
    else this.#drop(end);
  }

  /** Reads whatever comes, and gives how much it was. */
  async flow(): Promise<number> {
    await this.#read();
    const count = this.#length;
    this.#length = 0;
    return count;
  }
}

/** Opens a WebSocket on a connection. */
async function open(socket: Socket): Promise<void> {
  const head = await socket.ask(OPENING);
  const isDeflated = /\r\nsec-websocket-extensions: *permessage-deflate/i.test(head);
  if (!head.startsWith("HTTP/1.1 101 ") || isDeflated !== (work === "deflate")) {
    throw new Error(`Cannot go on as the WebSocket must be opened: received '${head}'`);
  }
}

/** Throws unless the first message comes back as it was sent. */
async function prove(socket: Socket, index: number): Promise<void> {
  await socket.send();
  const { start, end } = await socket.frame();
  const payload = socket.buffer.slice(start, end);
  const isDeflated = (socket.buffer[0]! & 0x40) !== 0;
  const plain = isDeflated ? inflateRawSync(payload, { finishFlush: constants.Z_SYNC_FLUSH }) : payload;
  const sent = payloadOf(index, 0);
  await socket.echoed();
  if (
    plain.length !== sent.length || sent.some((octet, at) => octet !== plain[at]) || isDeflated !== (work === "deflate")
  ) {
    throw new Error(`Cannot go on as the message must come back: received ${decoder.decode(plain)}`);
  }
}

/** Does something with each, some at a time. */
async function each(all: readonly Socket[], work: (socket: Socket, index: number) => Promise<void>): Promise<void> {
  for (let at = 0; at < all.length; at += AT_ONCE) {
    await Promise.all(all.slice(at, at + AT_ONCE).map((socket, index) => work(socket, at + index)));
  }
}

async function connect(): Promise<Socket[]> {
  const all: Socket[] = [];
  while (all.length < sockets) {
    const some = Array.from({ length: Math.min(AT_ONCE, sockets - all.length) }, async (_, at) => {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
      return new Socket(connection, all.length + at);
    });
    all.push(...await Promise.all(some));
  }
  return all;
}

/** One message under way on each socket; gives how many came back. */
async function echo(all: readonly Socket[], until: number): Promise<number> {
  let done = 0;
  await Promise.all(all.map(async (socket) => {
    for (; performance.now() < until; done++) {
      await socket.send();
      await socket.echoed();
    }
  }));
  return done;
}

/** The first socket's messages come to all; gives how many came. */
async function broadcast(all: readonly Socket[], until: number): Promise<number> {
  const length = bytes + (bytes < 126 ? 2 : 4);
  let asked = 0;
  let received = 0;
  let over = false;
  /** One more is asked for when the time is over: it wakes those who have all that was asked for before. */
  const more = async () => {
    while (!over && asked - Math.floor(received / length / sockets) < BROADCASTS) {
      over = performance.now() >= until;
      asked++;
      await all[0]!.send();
    }
  };
  await more();
  await Promise.all(all.map(async (socket) => {
    for (let own = 0; !over || own < asked * length;) {
      const count = await socket.flow();
      own += count;
      received += count;
      await more();
    }
  }));
  return received / length;
}

/** One message to all. */
async function hear(all: readonly Socket[]): Promise<void> {
  await all[0]!.send();
  await each(all, (socket) => socket.echoed());
  console.log(`heard ${all.length}`);
}

async function obey(all: readonly Socket[], order: string): Promise<void> {
  if (work === "idle") {
    if (order === "open") await each(all, open);
    return await hear(all);
  }
  const start = performance.now();
  const until = start + Number(order.split(" ")[1]);
  const done = await (work === "broadcast" ? broadcast(all, until) : echo(all, until));
  console.log(`done ${done * 1000 / (performance.now() - start)}`);
}

const all = await connect();
if (work === "idle") {
  await each(all, async (socket) => void await socket.ask(GET));
  console.log(`answered ${all.length}`);
} else {
  await each(all, open);
  if (work !== "broadcast") await each(all, prove);
  console.log("ready 0");
}

let text = "";
for await (const part of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  text += part;
  for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
    const order = text.slice(0, end);
    text = text.slice(end + 1);
    await obey(all, order);
  }
}
Deno.exit(0);
