// Owns a server by node:http that shows what a client must understand; prints its port, ends with stdin.
import { createServer } from "node:http";

const server = createServer({ keepAliveTimeout: 5_000 }, (request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    switch (request.url) {
      case "/hints":
        response.writeEarlyHints({ link: "</a.css>; rel=preload" });
        return response.end("hinted");
      case "/trailers":
        response.writeHead(200, { trailer: "x-digest" });
        response.write("content");
        response.addTrailers({ "x-digest": "sha-256=:AA==:" });
        return response.end();
      case "/redirect":
        return response.writeHead(302, { location: "/seen" }).end("moved");
      case "/big":
        return response.end(Buffer.alloc(1_000_000, 7));
      case "/close":
        return response.writeHead(200, { connection: "close" }).end("closed");
      case "/destroy":
        return request.socket.destroy();
    }
    const { method, url, headers, trailers } = request;
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({
      method,
      url,
      headers,
      trailers,
      body: Buffer.concat(chunks).toString("latin1"),
      port: request.socket.remotePort,
    }));
  });
});
server.on("upgrade", (request, socket) => {
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: ${request.headers.upgrade}\r\n\r\n`,
  );
  socket.on("data", (chunk) => socket.end(chunk.toString().toUpperCase()));
});
server.on("connect", (_request, socket) => {
  socket.write("HTTP/1.1 200 OK\r\n\r\n");
  socket.on("data", (chunk) => socket.end(chunk.toString().toUpperCase()));
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.on("data", () => {}).on("end", () => process.exit(0));
