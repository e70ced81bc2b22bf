/**
 * Owns what a WebSocket of anybody's making says to an echoing server of anybody's making, wherever it runs: Deno, Node or a
 * page. Must not know who is at either end, nor what is right: the test judges.
 *
 * @module
 */

/** Lengths about each limit of a frame's header (RFC 6455 §5.2), and one that takes many reads. */
const LENGTHS = [0, 1, 125, 126, 127, 65_535, 65_536, 400_000];

/** How many short messages follow one another; each is like the one before, as compression with history wants it. */
const BURST = 200;

function bytesOf(length) {
  return Uint8Array.from({ length }, (_, at) => at * at % 251);
}

function messages() {
  const made = [];
  for (const length of LENGTHS) {
    made.push("aä€𐐷".repeat(length / 4 + 1).slice(0, length).toWellFormed(), bytesOf(length));
  }
  for (let at = 0; at < BURST; at++) made.push(JSON.stringify({ id: at, text: `the ${at}th of them` }));
  return made;
}

function isSame(sent, received) {
  if (typeof sent === "string") return sent === received;
  if (!(received instanceof ArrayBuffer) || received.byteLength !== sent.length) return false;
  return new Uint8Array(received).every((octet, at) => octet === sent[at]);
}

/** Settles when a socket has ended, and says how. */
function closing(socket) {
  return new Promise((resolve) => {
    socket.addEventListener("close", ({ code, reason, wasClean }) => resolve([code, reason, wasClean]));
  });
}

/** Sends everything at once, and looks at what comes back. */
async function echo(connect) {
  const socket = connect("/echo", ["a", "b"]);
  socket.binaryType = "arraybuffer";
  const closed = closing(socket);
  const wrong = [];
  const sent = messages();
  let count = 0;
  const all = new Promise((resolve) => {
    socket.addEventListener("message", ({ data }) => {
      if (!isSame(sent[count], data)) wrong.push(`message ${count}: ${String(data).slice(0, 40)}`);
      if (++count === sent.length) resolve();
    });
  });
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", (event) => reject(new Error(event.message ?? "Cannot open WebSocket")));
  });
  const { protocol, extensions, readyState } = socket;
  for (const message of sent) socket.send(message);
  await Promise.race([all, closed]);
  socket.close(4001, "gehört");
  return {
    protocol,
    extensions: extensions.split(";")[0],
    readyState,
    wrong,
    missing: sent.length - count,
    close: await closed,
  };
}

/** Listens to what a server says that closes, or breaks off. */
async function listen(connect, path) {
  const socket = connect(path, []);
  const heard = [];
  socket.addEventListener("message", ({ data }) => heard.push(String(data)));
  return { heard: heard, close: await closing(socket) };
}

/** All that is said; `connect` makes a WebSocket of a path and subprotocols. */
export async function converse(connect) {
  return { echo: await echo(connect), told: await listen(connect, "/tell"), cut: await listen(connect, "/cut") };
}
