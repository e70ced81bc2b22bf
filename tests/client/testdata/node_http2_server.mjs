// A server of Node's own: HTTP/2 over TLS (and HTTP/1.1, where that is chosen), or HTTP/2 without TLS. Its first line is the
// port; it ends with its standard input.
import { createSecureServer, createServer } from "node:http2";

const { cert, key, protocols, settings } = JSON.parse(process.argv[2]);

async function contentOf(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function answer(request, response) {
  response.setHeader("x-version", request.httpVersion);
  response.setHeader("x-method", request.method);
  switch (request.url) {
    case "/echo":
      return response.end(await contentOf(request));
    case "/big":
      return response.end(Buffer.alloc(1_000_000, 7));
    case "/stream":
      response.write("one");
      return setTimeout(() => response.end("two"), 1);
    case "/redirect":
      response.writeHead(302, { location: "/" });
      return response.end("moved");
    case "/none":
      response.writeHead(204);
      return response.end();
    case "/trailers": {
      const content = await contentOf(request);
      response.write(content);
      response.addTrailers({ "x-echo": request.trailers["x-note"] ?? "none" });
      return response.end();
    }
    case "/hint":
      response.writeEarlyHints({ link: "</a.css>" });
      return response.end("hinted");
    case "/large":
      response.setHeader("x-large", request.headers["x-large"]);
      return response.end("large");
    case "/reset":
      return response.stream.close(8);
    case "/goaway":
      response.end("bye");
      return response.stream.session.close();
    case "/push":
      return response.createPushResponse({ ":path": "/pushed" }, (error, pushed) => {
        pushed?.end("pushed");
        response.end(error === null ? "pushed" : "refused");
      });
    default:
      response.end("Hello, World!");
  }
}

const server = cert === undefined
  ? createServer({ settings }, answer)
  : createSecureServer({ cert, key, allowHTTP1: true, ALPNProtocols: protocols, settings }, answer);
server.on("sessionError", () => {});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.on("data", () => {}).on("end", () => process.exit());
