// An HTTP/2 server of Node's own, without TLS: it tells its port, then answers each request with what it saw of it.
import { createServer } from "node:http2";

const { settings, bodyBytes, reads } = JSON.parse(process.argv[2]);

const server = createServer({ settings }, async (request, response) => {
  let body = "";
  try {
    if (reads) { for await (const chunk of request) body += chunk.toString("latin1"); }
  } catch {
    return; // the stream was reset
  }
  const trailers = Object.entries(request.trailers);
  const seen = JSON.stringify({ method: request.method, path: request.url, body, trailers });
  response.end(seen.padEnd(bodyBytes));
});
server.on("sessionError", () => {});
server.on("stream", (stream) => stream.on("error", () => {}));
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
