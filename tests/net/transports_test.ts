/**
 * Owns the proof that every transport keeps the contract, over memory and over the platform's sockets alike; knows no
 * protocol.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import {
  acceptLoop,
  type Address,
  dialTcp,
  dialTls,
  dialUnix,
  HandshakeError,
  type Listener,
  listenTcp,
  listenTls,
  listenUnix,
  memoryNetwork,
  Reader,
  type Transport,
  Wire,
  Writer,
} from "../../net/mod.ts";
import { task } from "./turns.ts";

const file = (name: string) => Deno.readTextFileSync(new URL(`testdata/${name}.pem`, import.meta.url));
const FIRST = { cert: file("cert"), key: file("key") };
const SECOND = { cert: file("second_cert"), key: file("second_key") };
const LOCAL = { hostname: "127.0.0.1", port: 0 };

/** Something that listens and something that dials it. */
interface Network extends Disposable {
  readonly listener: Listener;
  connect(): Promise<Transport>;
}

function memory(): Network {
  const { listener, connect } = memoryNetwork();
  return { listener, connect, [Symbol.dispose]: () => listener.close() };
}

function tcp(): Network {
  const listener = listenTcp(LOCAL);
  return { listener, connect: () => dialTcp({ port: listener.addr.port }), [Symbol.dispose]: () => listener.close() };
}

function tls(replaceable: boolean): Network {
  const listener = listenTls({ ...LOCAL, ...FIRST, replaceable });
  const connect = () => dialTls({ port: listener.addr.port, hostname: "127.0.0.1", caCerts: [FIRST.cert] });
  return { listener, connect, [Symbol.dispose]: () => listener.close() };
}

function unix(): Network {
  const folder = Deno.makeTempDirSync({ dir: "/tmp" });
  const listener = listenUnix({ path: `${folder}/socket` });
  return {
    listener,
    connect: () => dialUnix({ path: listener.addr.path }),
    [Symbol.dispose]: () => {
      listener.close();
      Deno.removeSync(folder, { recursive: true });
    },
  };
}

/**
 * Unix sockets need a platform that has them, and leave for all of the network and for /tmp: without it their tests are
 * left out, but not where `CI` is set.
 */
const unixIgnored = Deno.build.os === "windows" || (!granted() && (Deno.env.get("CI") ?? "") === "");

function granted(): boolean {
  const needs = [{ name: "net" }, { name: "write", path: "/tmp" }] as const;
  return needs.every((need) => Deno.permissions.querySync(need).state === "granted");
}

const networks: { name: string; open: () => Network; ignore?: boolean }[] = [
  { name: "memory", open: memory },
  { name: "tcp", open: tcp },
  { name: "tls", open: () => tls(false) },
  { name: "replaceable tls", open: () => tls(true) },
  { name: "unix", open: unix, ignore: unixIgnored },
];

/** Runs a test on two connected ends of each network. */
function onEach(what: string, run: (near: Transport, far: Transport, network: Network) => Promise<void>): void {
  for (const { name, open, ignore = false } of networks) {
    Deno.test(`Transport over ${name} ${what}`, { ignore }, async () => {
      using network = open();
      const accepted = network.listener.accept();
      const dialled = network.connect(); // a TLS dial needs the other side's handshake to settle
      using far = await accepted;
      const [near] = await Promise.all([dialled, far.ready()]);
      using _near = near;
      await run(near, far, network);
    });
  }
}

/** Text of which every part tells where it stands. */
function numbered(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 31 >> 4) & 0xff);
}

onEach("carries text both ways", async (near, far) => {
  const [client, server] = [new Wire(near), new Wire(far)];
  await client.write("ping");
  assertEquals(await server.readText(4), "ping");
  await server.write("pong");
  assertEquals(await client.readText(4), "pong");
});

onEach("carries 3 MB both ways at once, whole and in order", async (near, far) => {
  const bytes = numbered(3_000_000);
  const carry = async (from: Transport, to: Transport) => {
    const writer = new Writer(from);
    const read = new Wire(to).readBytesToEnd();
    for (let at = 0; at < bytes.length; at += 100_000) {
      if (!writer.write(bytes.subarray(at, at + 100_000))) await writer.ready;
    }
    await writer.end();
    const got = await read;
    assert(got.length === bytes.length && got.every((byte, at) => byte === bytes[at]));
  };
  await Promise.all([carry(near, far), carry(far, near)]);
});

for (const which of ["dialling", "accepting"]) {
  onEach(`goes on in one direction when its ${which} end has ended the other`, async (near, far) => {
    const [ending, going] = (which === "dialling" ? [near, far] : [far, near]).map((end) => new Wire(end));
    await ending!.write("bye");
    await ending!.end();
    assertEquals(await going!.readToEnd(), "bye");
    await going!.write("still here");
    await going!.end();
    assertEquals(await ending!.readToEnd(), "still here");
  });
}

for (const which of ["dialling", "accepting"]) {
  onEach(`ends a parked read when it is closed at its ${which} end, and may be closed again`, async (near, far) => {
    const end = which === "dialling" ? near : far;
    const parked = assertRejects(() => end.read(new Uint8Array(1)), Deno.errors.Interrupted);
    end.close();
    end.close();
    await parked;
    await assertRejects(() => end.read(new Uint8Array(1)), Deno.errors.BadResource);
    await assertRejects(() => end.write(new Uint8Array(1)), Deno.errors.BadResource);
  });
}

onEach("fails the writes of whoever's peer has gone, in the end", async (near, far) => {
  far.close();
  const writer = new Writer(near);
  const error = await assertRejects(async () => {
    while (true) {
      writer.write(new Uint8Array(100_000));
      await writer.flush();
    }
  });
  assert(error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset, `${error}`);
});

for (const which of ["dialling", "accepting"]) {
  onEach(`makes its ${which} end wait while the other doesn't read`, async (near, far) => {
    const [writing, silent] = which === "dialling" ? [near, far] : [far, near];
    const writer = new Writer(writing);
    const size = 64 * 1024 * 1024; // more than any socket's buffers hold
    writer.write(new Uint8Array(size));
    await new Reader(silent).fill();
    for (let still = 0, last = 0; still < 1000; last = writer.pending) {
      await task();
      still = writer.pending === last ? still + 1 : 0;
    }
    assert(writer.pending > size / 2, `${writer.pending} bytes wait`);
    silent.close();
    await assertRejects(() => writer.flush()); // the write that waited is over with that
  });
}

onEach(
  "has the listener's address at one end, and the same one the other way round at the other",
  (near, far, network) => {
    const place = (addr: Address) => ({ ...addr }); // the platform's own have no prototype
    assertEquals(place(near.remoteAddr), place(network.listener.addr));
    assertEquals(place(far.localAddr), place(network.listener.addr));
    if (near.localAddr.transport !== "unix") assertEquals(place(near.localAddr), place(far.remoteAddr));
    return Promise.resolve();
  },
);

for (const { name, open, ignore = false } of networks) {
  Deno.test(`Listener over ${name} rejects a parked accept when it is closed, and later ones`, { ignore }, async () => {
    using network = open();
    const { listener } = network;
    const parked = assertRejects(() => listener.accept(), Deno.errors.BadResource);
    listener.unref();
    listener.ref();
    listener.close();
    listener.close();
    await parked;
    await assertRejects(() => listener.accept(), Deno.errors.BadResource);
    await assertRejects(() => network.connect());
  });

  Deno.test(`acceptLoop() over ${name} serves many at once`, { ignore }, async () => {
    using network = open();
    const errors: unknown[] = [];
    const done = acceptLoop(network.listener, {
      onError: (error) => errors.push(error),
      async onTransport(transport, permit) {
        using _permit = permit;
        using _transport = transport;
        const [reader, writer] = [new Reader(transport), new Writer(transport)];
        while (await reader.fill()) writer.write(reader.take());
        await writer.end();
      },
    });
    await Promise.all(Array.from({ length: 20 }, async (_, at) => {
      await using wire = new Wire(await network.connect());
      await wire.write(`echo ${at}`);
      await wire.end();
      assertEquals(await wire.readToEnd(), `echo ${at}`);
    }));
    network.listener.close();
    await done;
    assertEquals(errors, []);
  });
}

/** Dials a listener, and gives both ends, or the errors in their places. */
async function meet(
  server: Listener,
  dial: () => Promise<Transport>,
): Promise<[Transport | Error, Transport | Error]> {
  const accepted = server.accept();
  const dialled = dial().catch((error: Error) => error);
  const far = await accepted;
  const ready = far.ready().then(() => far, (error: Error) => error);
  const ends: [Transport | Error, Transport | Error] = [await dialled, await ready];
  if (ends[1] instanceof Error) far.close();
  return ends;
}

for (const replaceable of [false, true]) {
  const name = replaceable ? "replaceable TLS" : "TLS";

  Deno.test(`${name} agrees on the server's first ALPN protocol that the client speaks (RFC 7301 §3.2)`, async () => {
    using listener = listenTls({ ...LOCAL, ...FIRST, replaceable, alpnProtocols: ["h2", "http/1.1"] });
    const client = { port: listener.addr.port, hostname: "127.0.0.1", caCerts: [FIRST.cert] };
    for (
      const [alpnProtocols, chosen] of [[["http/1.1", "h2"], "h2"], [["http/1.1"], "http/1.1"], [[], null]] as const
    ) {
      const [near, far] = await meet(listener, () => dialTls({ ...client, alpnProtocols }));
      assert(!(near instanceof Error) && !(far instanceof Error), `${near} ${far}`);
      assertEquals([near.alpn, far.alpn, near.secure, far.secure], [chosen, chosen, true, true]);
      if (replaceable) assertEquals(await far.write(new Uint8Array(100_000)), 65_536); // else it'd be in memory twice
      near.close();
      far.close();
    }
  });

  Deno.test(`${name} rejects ready() when the handshake fails, with its cause`, async () => {
    using listener = listenTls({ ...LOCAL, ...FIRST, replaceable });
    const { port } = listener.addr;
    const [untrusting, untrusted] = await meet(listener, () => dialTls({ port, hostname: "127.0.0.1" }));
    assert(untrusting instanceof HandshakeError && untrusting.cause instanceof Error, `${untrusting}`);
    assert(untrusted instanceof HandshakeError && untrusted.cause instanceof Error, `${untrusted}`);

    const [plain, far] = await meet(listener, async () => {
      const transport = await dialTcp({ port });
      await new Wire(transport).write("GET / HTTP/1.1\r\n\r\n");
      return transport;
    });
    assert(far instanceof HandshakeError, `${far}`);
    if (!(plain instanceof Error)) plain.close();

    const [, left] = await meet(listener, async () => {
      const transport = await dialTcp({ port });
      transport.close();
      return transport;
    });
    assert(left instanceof HandshakeError, `${left}`);
  });

  Deno.test(`${name} ends a handshake that hangs when it is closed`, async () => {
    using listener = listenTls({ ...LOCAL, ...FIRST, replaceable });
    using silent = await dialTcp({ port: listener.addr.port });
    const far = await listener.accept();
    const rejected = assertRejects(() => far.ready(), HandshakeError);
    far.close();
    await rejected;
    if (replaceable) assertEquals(await new Wire(silent).readToEnd(), ""); // Deno's own TLS leaves the socket open
  });

  Deno.test(`${name} refuses a certificate that isn't one`, () => {
    assertThrows(() => listenTls({ ...LOCAL, cert: "none", key: FIRST.key, replaceable }), Error);
    assertThrows(() => listenTls({ ...LOCAL, cert: FIRST.cert, key: "none", replaceable }), Error);
    assertThrows(() => listenTls({ ...LOCAL, cert: FIRST.cert, key: SECOND.key, replaceable }), Error);
  });
}

Deno.test("TlsListener.replaceCertificate() counts for who connects from then on, and refuses nobody", async () => {
  using listener = listenTls({ ...LOCAL, ...FIRST, replaceable: true });
  const { port } = listener.addr;
  const accepting = acceptLoop(listener, {
    onError: () => {}, // the client that trusts the former certificate only
    async onTransport(transport, permit) {
      using _permit = permit;
      using _transport = transport;
      await transport.ready();
      const reader = new Reader(transport);
      const writer = new Writer(transport);
      while (await reader.fill()) writer.write(reader.take());
      await writer.end();
    },
  });
  const dial = (cert: string) => dialTls({ port, hostname: "127.0.0.1", caCerts: [cert] });
  await using before = new Wire(await dial(FIRST.cert));
  const dials = Array.from({ length: 20 }, (_, at) => {
    if (at === 10) listener.replaceCertificate(SECOND);
    return dialTls({ port, hostname: "127.0.0.1", caCerts: [FIRST.cert, SECOND.cert] });
  });
  for (const transport of await Promise.all(dials)) transport.close();
  await using after = new Wire(await dial(SECOND.cert));
  await assertRejects(() => dial(FIRST.cert), HandshakeError);
  for (const wire of [before, after]) {
    await wire.write("echo");
    assertEquals(await wire.readText(4), "echo");
  }
  for (const bad of [{ cert: "none", key: SECOND.key }, { cert: FIRST.cert, key: SECOND.key }]) {
    assertThrows(() => listener.replaceCertificate(bad), Deno.errors.InvalidData, "Cannot speak TLS");
  }
  (await dial(SECOND.cert)).close();
  listener.close();
  await after.end();
  await before.end();
  assertEquals([await after.readToEnd(), await before.readToEnd()], ["", ""]);
  await accepting;
});

Deno.test("TlsListener.replaceCertificate() says so where it can't", () => {
  using listener = listenTls({ ...LOCAL, ...FIRST });
  assertThrows(() => listener.replaceCertificate(SECOND), TypeError, "replaceable");
});

Deno.test("dialTls() shows a client's certificate, under the host's own name only", async () => {
  using listener = listenTls({ ...LOCAL, ...FIRST });
  const options = { port: listener.addr.port, hostname: "127.0.0.1", caCerts: [FIRST.cert], client: SECOND };
  const accepted = listener.accept();
  const dialled = dialTls(options);
  using far = await accepted;
  const [near] = await Promise.all([dialled, far.ready()]);
  near.close();
  await assertRejects(() => dialTls({ ...options, serverName: "other" }), TypeError, "serverName");
});

Deno.test("dialTls() checks the certificate against serverName, where it has one", async () => {
  using listener = listenTls({ ...LOCAL, ...FIRST });
  const { port } = listener.addr;
  for (const [serverName, fits] of [["localhost", true], ["elsewhere.test", false]] as const) {
    const accepted = listener.accept();
    const dialled = dialTls({ port, hostname: "127.0.0.1", serverName, caCerts: [FIRST.cert] });
    const ended = dialled.then((transport) => transport.close(), (error) => error);
    using far = await accepted;
    const ready = far.ready().catch(() => {});
    assertEquals(await ended instanceof HandshakeError, !fits);
    await ready;
  }
});

Deno.test("dialTls() ends a handshake that hangs when it is aborted", async () => {
  using listener = listenTcp(LOCAL);
  const controller = new AbortController();
  const dialled = dialTls({ port: listener.addr.port, signal: controller.signal }).catch((error) => error);
  using silent = await listener.accept();
  await silent.read(new Uint8Array(1)); // the ClientHello has come
  const reason = new Error("enough");
  controller.abort(reason);
  assertStrictEquals(await dialled, reason);
});

Deno.test("dialTcp() rejects with the platform's error where nobody listens", async () => {
  const listener = listenTcp(LOCAL);
  listener.close();
  await assertRejects(() => dialTcp({ port: listener.addr.port }), Deno.errors.ConnectionRefused);
});

Deno.test("listenTcp() rejects a port in use, and reusePort where the platform would end the process", () => {
  using listener = listenTcp(LOCAL);
  assertThrows(() => listenTcp({ ...LOCAL, port: listener.addr.port }), Deno.errors.AddrInUse);
  if ("listenDatagram" in Deno) return;
  assertThrows(() => listenTcp({ ...LOCAL, reusePort: true }), TypeError, "--unstable-net");
  assertThrows(() => listenTls({ ...LOCAL, ...FIRST, reusePort: true }), TypeError, "--unstable-net");
});

Deno.test("dialUnix() rejects with the platform's error where nothing is", { ignore: unixIgnored }, async () => {
  await assertRejects(() => dialUnix({ path: "/tmp/nowhere/socket" }), Deno.errors.NotFound);
});
