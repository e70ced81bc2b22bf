/**
 * Owns the app that clients of others' making are pointed at, and how such a client is run. Must not know the clients.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { dialTcp, type Transport, Wire } from "../../net/mod.ts";
import { type Handler, serve, type ServeTcpOptions, type ServeTlsKey, trailersOf, withTrailers } from "../../mod.ts";

const testdata = new URL("../net/testdata/", import.meta.url);

/** The path of the certificate that {@linkcode startApp} uses for TLS, for clients to trust. */
export const CERT_PATH = new URL("cert.pem", testdata).pathname;

/** What answers at each path. */
export type Routes = Readonly<Record<string, Handler<Deno.NetAddr>>>;

const routes: Routes = {
  "/hello": () => new Response("Hello, World!"),
  "/echo": (request) => new Response(request.body),
  "/seen": async (request) => {
    const { method, url, headers } = request;
    const text = await request.text();
    return Response.json({ method, url, text, headers: [...headers], trailers: [...await trailersOf(request)] });
  },
  "/form": async (request) => {
    const values = [...await request.formData()].map(async ([name, value]) => [
      name,
      typeof value === "string" ? value : `${value.name}: ${await value.text()}`,
    ]);
    return Response.json(await Promise.all(values));
  },
  "/count": async (request) => {
    let bytes = 0;
    for await (const piece of request.body ?? []) bytes += piece.length;
    return new Response(String(bytes));
  },
  "/bytes": ({ url }) => new Response(new Blob([new Uint8Array(Number(new URL(url).search.slice(1)))]).stream()),
  "/trailers": () =>
    withTrailers(new Response(new Blob(["content"]).stream()), () => ({ "x-digest": "sha-256=:AA==:" })),
  "/hints": async (_request, info) => {
    await info.inform(103, { link: "</a.css>; rel=preload" });
    return new Response("hinted");
  },
  "/refuse": () => new Response("too large", { status: 413 }),
  "/gone": () => Response.redirect("http://127.0.0.1/hello", 302),
  "/none": () => new Response(null, { status: 204 }),
  "/same": () => new Response(null, { status: 304, headers: { etag: '"a"' } }),
  "/protocol": (_request, info) => new Response(info.protocol),
  "/port": (_request, info) => new Response(String(info.remoteAddr.port)),
  "/shout": (_request, info) => {
    const { response, transport } = info.upgrade();
    transport.then(shout);
    return response;
  },
};

/** Sends all back in capitals until the peer ends its side. */
async function shout(transport: Transport): Promise<void> {
  await using wire = new Wire(transport);
  for (let piece = await wire.read(); piece !== null; piece = await wire.read()) {
    await wire.write(new TextDecoder().decode(piece).toUpperCase());
  }
  await wire.end();
}

/** Carries octets one way until they end. */
async function carry(from: Wire, to: Wire): Promise<void> {
  for (let piece = await from.read(); piece !== null; piece = await from.read()) await to.write(piece);
  await to.end();
}

/** Makes the connection a tunnel to the port on this machine. */
async function tunnel(transport: Transport, port: number): Promise<void> {
  await using near = new Wire(transport);
  await using far = new Wire(await dialTcp({ hostname: "127.0.0.1", port }));
  await Promise.all([carry(near, far), carry(far, near)]);
}

/** What a test may change about the app. */
export interface AppOptions extends Pick<ServeTcpOptions, "limits" | "protocols" | "timeouts"> {
  /** More routes, before the app's own. */
  readonly routes?: Routes;
}

/** A server of the app on a free port of this machine. */
export function startApp(pair?: ServeTlsKey, { routes: more = {}, ...rest }: AppOptions = {}) {
  const errors: unknown[] = [];
  const options = {
    hostname: "127.0.0.1",
    port: 0,
    onListen: () => {},
    onConnectionError: (error: unknown) => void errors.push(error),
    ...rest,
    ...pair,
  };
  const server = serve(options, (request, info) => {
    const { pathname, port } = new URL(request.url);
    if (request.method === "CONNECT") {
      const { response, transport } = info.upgrade();
      transport.then((duplex) => tunnel(duplex, Number(port)));
      return response;
    }
    return (more[pathname] ?? routes[pathname])?.(request, info) ??
      new Response(`nothing at ${request.url}`, { status: 404 });
  });
  const { port } = server.addr;
  const origin = `http${pair ? "s" : ""}://127.0.0.1:${port}`;
  return { server, errors, port, origin };
}

/** The same over TLS. */
export function startSecureApp(options?: AppOptions) {
  const read = (name: string) => Deno.readTextFileSync(new URL(name, testdata));
  return startApp({ cert: read("cert.pem"), key: read("key.pem") }, options);
}

/** The app's routes on a Unix socket, for those of them that ask for no port. */
export function startUnixApp(path: string) {
  return serve({ path, onListen: () => {} }, () => new Response("Hello, World!"));
}

/** Runs a program to its end, with this on its standard input; gives what it wrote. Fails where it does. */
export async function run(
  program: string,
  args: readonly string[],
  input?: Uint8Array,
): Promise<{ stdout: string; stderr: string }> {
  const child = new Deno.Command(program, {
    args: [...args],
    env: { NO_COLOR: "1" },
    stdin: input ? "piped" : "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writing = input ? new Blob([new Uint8Array(input)]).stream().pipeTo(child.stdin) : undefined;
  const output = await child.output();
  await writing;
  const [stdout, stderr] = [output.stdout, output.stderr].map((bytes) => new TextDecoder().decode(bytes));
  assertEquals(output.code, 0, `${program} ${args.join(" ")}\n${stdout}${stderr}`);
  return { stdout: stdout ?? "", stderr: stderr ?? "" };
}
