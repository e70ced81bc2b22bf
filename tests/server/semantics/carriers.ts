/**
 * Owns the table of what the semantics suite runs over: how a server is started on each carrier and how a client reaches
 * it. Another version joins by rows of its own. Must not know the cases.
 *
 * @module
 */

import { dialTcp, dialTls, dialUnix, memoryNetwork, type Transport } from "../../../net/mod.ts";
import type { Handler, HttpServer, ServeBaseOptions } from "../../../server/mod.ts";
import { serve } from "../../../server/mod.ts";
import { type Answer, ask, type Connection, type Sending } from "./client.ts";
import { H1Connection } from "./h1_client.ts";
import { H2Connection } from "./h2_client.ts";

/** The options that a case may set. */
export type CaseOptions = Pick<ServeBaseOptions, "onError" | "limits" | "timeouts" | "allowHalfOpen" | "signal">;

/** A started server, as a case needs it. */
export interface Started {
  /** The server. */
  readonly server: Pick<HttpServer, "addr" | "stats" | "shutdown" | "finished">;
  /** Opens a transport to it. */
  dial(): Promise<Transport>;
  /** What is left behind when the server has ended. */
  cleanUp?(): Promise<void>;
}

/** What carries a version of HTTP. */
export interface Carrier {
  /** Its name in the tests. */
  readonly name: string;
  /** What `info.protocol` says. */
  readonly protocol: "HTTP/1.1" | "HTTP/2";
  /** The scheme of URLs. */
  readonly scheme: "http" | "https";
  /** The kind of addresses. */
  readonly transport: "memory" | "tcp" | "unix";
  /** Whether the platform has it. */
  readonly here: boolean;
  /** Starts a server. */
  start(handler: Handler, options: ServeBaseOptions): Started | Promise<Started>;
  /** Makes a client's connection of a transport. */
  connect(transport: Transport): Connection;
}

/** What the clients say in `host`. */
export const AUTHORITY = "localhost:8080";

const quiet = { onListen: () => {} };
const testdata = new URL("../../net/testdata/", import.meta.url);
const pem = (name: string) => Deno.readTextFileSync(new URL(name, testdata));

/** How a version is spoken. */
type Version = Pick<Carrier, "protocol" | "connect">;

const h1: Version = {
  protocol: "HTTP/1.1",
  connect: (transport) => new H1Connection(transport, AUTHORITY),
};

const h2: Version = {
  protocol: "HTTP/2",
  connect: (transport) => new H2Connection(transport, AUTHORITY),
};

/** Whether there are Unix sockets: not on Windows, nor where tests may use only some of the network, unless `CI` is set. */
export function unixSockets(): boolean {
  if (Deno.build.os === "windows") return false;
  const path = `${Deno.makeTempDirSync()}/probe.sock`;
  try {
    Deno.listen({ transport: "unix", path }).close();
    return true;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    console.warn("skipped: serve() over unix: needs --allow-net for any socket");
    return (Deno.env.get("CI") ?? "") !== "";
  } finally {
    Deno.removeSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  }
}

function overMemory(chunkSize: number): Carrier["start"] {
  return (handler, options) => {
    const { listener, connect } = memoryNetwork({ chunkSize });
    return { server: serve({ ...options, listener }, handler), dial: () => connect() };
  };
}

const overTcp: Carrier["start"] = (handler, options) => {
  const server = serve({ ...options, ...quiet, hostname: "127.0.0.1", port: 0 }, handler);
  return { server, dial: () => dialTcp({ hostname: "127.0.0.1", port: server.addr.port }) };
};

/** Over TLS the client says by ALPN what it speaks; none where it says nothing. */
function overTls(alpn: readonly string[]): Carrier["start"] {
  return (handler, options) => {
    const [cert, key] = [pem("cert.pem"), pem("key.pem")];
    const server = serve({ ...options, ...quiet, hostname: "127.0.0.1", port: 0, cert, key }, handler);
    const { port } = server.addr;
    const dial = () => dialTls({ hostname: "127.0.0.1", port, caCerts: [cert], alpnProtocols: [...alpn] });
    return { server, dial };
  };
}

const overUnix: Carrier["start"] = async (handler, options) => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/server.sock`;
  const server = serve({ ...options, ...quiet, path }, handler);
  return { server, dial: () => dialUnix({ path }), cleanUp: () => Deno.remove(folder, { recursive: true }) };
};

const MEMORY = { scheme: "http", transport: "memory", here: true } as const;
const TCP = { scheme: "http", transport: "tcp", here: true, start: overTcp } as const;
const TLS = { scheme: "https", transport: "tcp", here: true } as const;
const UNIX = { scheme: "http", transport: "unix", here: unixSockets(), start: overUnix } as const;

/** Everything that each version goes over: in clear by how the client begins, over TLS by ALPN. */
export const CARRIERS: readonly Carrier[] = [
  { ...h1, ...MEMORY, name: "memory", start: overMemory(Infinity) },
  { ...h1, ...MEMORY, name: "memory in pieces of 7", start: overMemory(7) },
  { ...h1, ...TCP, name: "tcp" },
  { ...h1, ...TLS, name: "tls", start: overTls([]) },
  { ...h1, ...UNIX, name: "unix" },
  { ...h2, ...MEMORY, name: "HTTP/2 in memory", start: overMemory(Infinity) },
  { ...h2, ...MEMORY, name: "HTTP/2 in memory in pieces of 7", start: overMemory(7) },
  { ...h2, ...TCP, name: "HTTP/2 on tcp" },
  { ...h2, ...TLS, name: "HTTP/2 on tls", start: overTls(["h2", "http/1.1"]) },
  { ...h2, ...UNIX, name: "HTTP/2 on unix" },
];

/** A server and what a case does with it. Its end must be reached within the case. */
export class Peer implements AsyncDisposable {
  /** What the server's hook was told. */
  readonly errors: unknown[] = [];
  /** What carries it. */
  readonly carrier: Carrier;
  readonly #transports = new Set<Transport>();
  #started: Started | undefined;
  #connection: Connection | undefined;

  /** Made for {@linkcode Peer.start}. */
  constructor(carrier: Carrier) {
    this.carrier = carrier;
  }

  /** Starts the server. */
  async start(handler: Handler, options: CaseOptions): Promise<this> {
    const onConnectionError = (error: unknown) => void this.errors.push(error);
    this.#started = await this.carrier.start(handler, { ...options, onConnectionError });
    return this;
  }

  /** The server. */
  get server(): Started["server"] {
    return this.#running().server;
  }

  /** What the URLs of requests begin with. */
  get origin(): string {
    return `${this.carrier.scheme}://${AUTHORITY}`;
  }

  /** Opens a transport to the server. */
  async dial(): Promise<Transport> {
    const transport = await this.#running().dial();
    this.#transports.add(transport);
    return transport;
  }

  /** Opens a connection of its own. */
  async connect(): Promise<Connection> {
    return this.carrier.connect(await this.dial());
  }

  /** Asks over the connection that this uses for all its questions. */
  async ask(sending: Sending = {}): Promise<Answer> {
    return await ask(await this.connection(), sending);
  }

  /** The connection that {@linkcode Peer.ask} uses. */
  async connection(): Promise<Connection> {
    return this.#connection ??= await this.connect();
  }

  /** Ends the clients, then the server. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const transport of this.#transports) transport.close();
    await this.server.shutdown();
    await this.#started?.cleanUp?.();
  }

  #running(): Started {
    if (this.#started === undefined) throw new TypeError("The server was not started");
    return this.#started;
  }
}
