/**
 * Owns the process that holds many keep-alive connections open, each of which had one answer. Knows no server.
 *
 * Run as `idle_client.ts <port> <connections>`. Prints `answered <count>`; each line on stdin asks once more over every
 * connection and prints the count again. Ends when stdin ends.
 *
 * @module
 */

/** How many connections are opened at the same time: less than the backlog of any of the servers. */
const AT_ONCE = 64;

const REQUEST = new TextEncoder().encode("GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n");
const decoder = new TextDecoder("latin1");

/** Asks once, and reads the answer, which must announce its length. */
async function ask(connection: Deno.Conn): Promise<void> {
  await connection.write(REQUEST);
  const buffer = new Uint8Array(1024);
  let text = "";
  for (let missing = 1; missing > 0;) {
    const read = await connection.read(buffer);
    if (read === null) throw new Error(`Cannot read an answer as the server closed the connection: received '${text}'`);
    text += decoder.decode(buffer.subarray(0, read));
    const end = text.indexOf("\r\n\r\n");
    if (end >= 0) missing = end + 4 + Number(/content-length: *(\d+)\r\n/i.exec(text)?.[1]) - text.length;
  }
  if (!text.startsWith("HTTP/1.1 200 ")) {
    throw new Error(`Cannot go on as each answer must be a 200: received '${text}'`);
  }
}

const port = Number(Deno.args[0]);
const count = Number(Deno.args[1]);
const connections: Deno.Conn[] = [];

while (connections.length < count) {
  const some = Array.from(
    { length: Math.min(AT_ONCE, count - connections.length) },
    async () => await Deno.connect({ hostname: "127.0.0.1", port }),
  );
  const opened = await Promise.all(some);
  await Promise.all(opened.map(ask));
  connections.push(...opened);
}
console.log(`answered ${connections.length}`);

for await (const _order of Deno.stdin.readable) {
  for (let at = 0; at < count; at += AT_ONCE) await Promise.all(connections.slice(at, at + AT_ONCE).map(ask));
  console.log(`answered ${count}`);
}
Deno.exit(0);
