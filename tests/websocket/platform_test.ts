/**
 * Owns the comparison of our client's WebSocket with the platform's: the same programs, against the same server, must see the
 * same events in the same order. Must not know how either comes by them.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { HttpClient, serve, upgradeWebSocket } from "../../mod.ts";
import { ended } from "./stage.ts";

/** What a program writes down. */
type Log = (line: string) => void;

/** Programs by their names; each is given a socket that is being opened. */
const PROGRAMS: Readonly<Record<string, (socket: WebSocket, log: Log) => void>> = {
  "echoes": (socket) => {
    socket.onopen = () => ["a", "", "ä"].forEach((text) => socket.send(text));
    let count = 0;
    socket.onmessage = () => ++count === 3 && socket.close(3000, "done");
  },
  "closes when open": (socket) => {
    socket.onopen = () => socket.close();
  },
  "closes twice, and sends behind it": (socket, log) => {
    socket.onopen = () => {
      socket.close(3001, "first");
      socket.close(3002, "second");
      socket.send("behind");
      log(`state ${socket.readyState}`);
    };
  },
  "closes in the middle of what comes": (socket) => {
    socket.onopen = () => {
      for (let at = 0; at < 5; at++) socket.send(`${at}`);
    };
    socket.onmessage = ({ data }) => data === "1" && socket.close(1000);
  },
  "sends from a message, and closes behind it": (socket) => {
    socket.onopen = () => socket.send("0");
    socket.onmessage = ({ data }) => data === "3" ? socket.close() : socket.send(String(Number(data) + 1));
  },
  "hears the server close": (socket) => {
    socket.onopen = () => socket.send("please close");
  },
  "hears the server close, and closes in answer": (socket) => {
    socket.onopen = () => socket.send("please close");
    socket.onclose = () => socket.close(3000);
  },
  "hears what the server said before it closed": (socket) => {
    socket.onopen = () => socket.send("please talk and close");
  },
  "closes as the server does": (socket) => {
    socket.onopen = () => {
      socket.send("please close");
      socket.close(3003, "mine");
    };
  },
  "listens by objects, once, and removes listeners": (socket, log) => {
    const listener = { handleEvent: (event: Event) => log(`object ${event.type}`) };
    socket.addEventListener("open", listener);
    socket.addEventListener("message", () => log("once"), { once: true });
    const removed = () => log("never");
    socket.addEventListener("message", removed);
    socket.removeEventListener("message", removed);
    socket.onopen = () => (socket.send("1"), socket.send("2"));
    socket.onmessage = function (event) {
      log(`${this === socket} ${event.target === socket} ${event.origin.startsWith("ws://127.0.0.1:")}`);
      if (event.data === "2") socket.close(1000);
    };
  },
  "takes octets as a buffer": (socket, log) => {
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      socket.send(new Uint8Array([0, 1, 2, 3]).subarray(1, 3));
      socket.send(new Float32Array([1]));
      socket.send(new ArrayBuffer(3));
    };
    let count = 0;
    socket.onmessage = ({ data }) => {
      log(`octets ${new Uint8Array(data)}`);
      if (++count === 3) socket.close(1000);
    };
  },
  "sends a Blob between texts": (socket) => {
    socket.onopen = () => {
      socket.send("before");
      socket.send(new Blob(["in a blob"]));
      socket.send("behind");
    };
    let count = 0;
    socket.onmessage = () => ++count === 3 && socket.close(1000);
  },
  "closes before it is open": (socket, log) => {
    socket.close(3000);
    log(`state ${socket.readyState}`);
  },
  "is refused": () => {},
  "says what it may not": (socket, log) => {
    const attempt = (what: string, wrong: () => void) => {
      try {
        wrong();
        log(`${what}: taken`);
      } catch (error) {
        log(`${what}: ${error instanceof DOMException ? error.name : error}`);
      }
    };
    attempt("send", () => socket.send("too early"));
    attempt("reason", () => socket.close(3000, "ä".repeat(62)));
    attempt("code", () => socket.close(1005));
    socket.onopen = () => {
      attempt("code", () => socket.close(999));
      attempt("code", () => socket.close(5000));
      attempt("reason", () => socket.close(1000, "x".repeat(124)));
      attempt("type", () => socket.binaryType = JSON.parse('"text"'));
      log(socket.binaryType);
      attempt("right", () => socket.close(4999, "x".repeat(123)));
    };
  },
};

/** A server that echoes, and does what it is asked for. */
function start() {
  const sockets: WebSocket[] = [];
  const server = serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    if (request.url.endsWith("/refused")) return new Response("no", { status: 403 });
    const { response, socket } = upgradeWebSocket(request);
    socket.binaryType = "arraybuffer";
    sockets.push(socket);
    socket.onmessage = ({ data }) => {
      if (data === "please talk and close") { for (let at = 0; at < 3; at++) socket.send(`said ${at}`); }
      if (String(data).startsWith("please")) socket.close(4000, "asked for");
      else socket.send(data);
    };
    return response;
  });
  return { server, sockets };
}

/** Runs a program, and writes all events down. */
async function logOf(name: string, connect: (path: string) => WebSocket): Promise<string[]> {
  const log: string[] = [];
  const socket = connect(name === "is refused" ? "/refused" : "/");
  socket.addEventListener("open", () => log.push(`open ${socket.readyState}`));
  socket.addEventListener("message", ({ data }) => log.push(`message ${data} ${socket.readyState}`));
  socket.addEventListener("error", () => log.push(`error ${socket.readyState}`));
  socket.addEventListener("close", (event) => {
    const code = event.wasClean ? event.code : "unclean"; // Deno gives 0 where the standard says 1006
    log.push(`close ${code} ${event.reason} ${socket.readyState} ${socket.bufferedAmount}`);
  });
  PROGRAMS[name]!(socket, (line) => log.push(line));
  await ended(socket);
  return log;
}

for (const name of Object.keys(PROGRAMS)) {
  Deno.test(`a program that ${name} sees of our WebSocket what it sees of the platform's`, async () => {
    const { server, sockets } = start();
    await using _server = server;
    const url = `ws://127.0.0.1:${server.addr.port}`;
    await using client = new HttpClient();
    const theirs = await logOf(name, (path) => new WebSocket(url + path));
    const ours = await logOf(name, (path) => client.webSocket(url + path));
    await Promise.all(sockets.map(ended));
    // WebSockets §4: "If ready state is not OPEN, then return." Deno dispatches what comes behind a close() all the same.
    assertEquals(ours, theirs.filter((line) => !/^message .* 2$/.test(line)));
  });
}
