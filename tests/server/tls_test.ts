/**
 * Owns the tests of a server that speaks TLS: the platform's clients, ALPN, handshakes that fail or never end, and
 * certificates that are replaced. Must not know how TLS is done.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf, assertMatch, assertRejects, assertThrows } from "@std/assert";
import {
  dialTcp,
  dialTls,
  type DialTlsOptions,
  HandshakeError,
  memoryNetwork,
  secureListener,
  Wire,
} from "../../net/mod.ts";
import { serve, type ServeTcpOptions, type ServeTlsKey } from "../../server/mod.ts";
import { ManualClock } from "../../timer/mod.ts";

const testdata = new URL("../net/testdata/", import.meta.url);
const pem = (name: string) => Deno.readTextFileSync(new URL(name, testdata));
const FIRST: ServeTlsKey = { cert: pem("cert.pem"), key: pem("key.pem") };
const SECOND: ServeTlsKey = { cert: pem("second_cert.pem"), key: pem("second_key.pem") };
const GET = "GET /over-tls HTTP/1.1\r\nhost: localhost\r\n\r\n";

/** What TLS is done by: the platform's listener, and the one whose certificate can be replaced. */
const KINDS: readonly (readonly [name: string, options: ServeTcpOptions & { replaceableCertificate?: boolean }])[] = [
  ["", {}],
  [" with a replaceable certificate", { replaceableCertificate: true }],
];

function start(options: ServeTcpOptions = {}, pair = FIRST) {
  const errors: unknown[] = [];
  const heard = { next: Promise.withResolvers<unknown>() };
  const server = serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: () => {},
    onConnectionError: (error) => {
      errors.push(error);
      heard.next.resolve(error);
    },
    ...options,
    ...pair,
  }, async (request, info) => Response.json([request.url, info.protocol, await request.text()]));
  const { port } = server.addr;
  const dial = async (more: Partial<DialTlsOptions> = {}) =>
    new Wire(await dialTls({ hostname: "127.0.0.1", port, caCerts: [pair.cert], ...more }));
  return { server, port, errors, heard, dial };
}

for (const [kind, options] of KINDS) {
  Deno.test(`serve({ key, cert })${kind} answers fetch() over https`, async () => {
    const { server, port, errors } = start(options);
    await using _server = server;
    using client = Deno.createHttpClient({ caCerts: [FIRST.cert] });
    for (const content of ["first", "second"]) {
      const response = await fetch(`https://localhost:${port}/a?b`, { client, method: "POST", body: content });
      assertEquals(await response.json(), [`https://localhost:${port}/a?b`, "HTTP/2", content]);
    }
    assertEquals([server.stats.connections, errors], [1, []]);
  });

  Deno.test(`serve({ key, cert })${kind} chooses by ALPN, and takes clients that have none (RFC 7301)`, async () => {
    const { server, dial, errors } = start(options);
    await using _server = server;
    await using preferred = await dial({ alpnProtocols: ["http/1.1", "h2"] });
    assertEquals(preferred.transport.alpn, "h2");
    for (const [alpnProtocols, chosen] of [[["http/1.1"], "http/1.1"], [[], null]] as const) {
      await using wire = await dial({ alpnProtocols });
      assertEquals(wire.transport.alpn, chosen);
      await wire.write(GET);
      assertMatch(
        await wire.readUntil('/over-tls","HTTP/1.1",""]'),
        /^HTTP\/1\.1 200 OK\r\n[^]*\["https:\/\/localhost\//,
      );
    }
    assertEquals(errors, []);
  });

  Deno.test(`serve({ key, cert })${kind} tells of failed handshakes and serves others on`, async () => {
    const { server, port, errors, heard, dial } = start(options);
    await using _server = server;
    await using before = await dial();
    await using plain = new Wire(await dialTcp({ port }));
    await plain.write(GET); // no TLS
    const first = await heard.next.promise;
    assertInstanceOf(first, HandshakeError);
    assertMatch(first.message, /^Cannot speak TLS as the handshake failed: /);
    heard.next = Promise.withResolvers();
    await assertRejects(() => dial({ caCerts: [] }), HandshakeError); // a client that trusts nobody
    assertInstanceOf(await heard.next.promise, HandshakeError);
    heard.next = Promise.withResolvers();
    (await dialTcp({ port })).close(); // a client that goes away
    assertInstanceOf(await heard.next.promise, HandshakeError);
    await using after = await dial();
    for (const wire of [before, after]) {
      await wire.write(GET);
      assertMatch(await wire.readUntil('""]'), /^HTTP\/1\.1 200 OK\r\n/);
    }
    assertEquals([errors.length, server.stats.connections], [3, 2]);
  });

  Deno.test(`serve({ key, cert })${kind} closes handshakes under way when it ends, and tells idle clients`, async () => {
    const { server, port, errors, dial } = start(options);
    await using idle = await dial();
    await idle.write(GET);
    await idle.readUntil('""]');
    await using silent = new Wire(await dialTcp({ port }));
    while (server.stats.connections < 2) await dialTcp({ port }).then((transport) => transport.close());
    await server.shutdown();
    assertEquals(await idle.readToEnd(), ""); // by close_notify: rejects without one
    // The platform's own TLS keeps a socket whose handshake is under way until the client goes; the server has let go.
    if (options.replaceableCertificate) {
      await silent.readToEnd().catch((error) => assertInstanceOf(error, Deno.errors.ConnectionReset));
    }
    assertEquals(errors.filter((error) => !(error instanceof HandshakeError)), []);
    assertEquals(server.stats.connections, 0);
  });

  Deno.test(`serve({ key, cert })${kind} refuses a pair that is none`, () => {
    const bad: [string, string][] = [["nonsense", "nonsense"], [FIRST.cert, "nonsense"], ["", ""]];
    for (const [cert, key] of bad) {
      assertThrows(() => start(options, { cert, key }), Error, undefined, cert);
    }
  });
}

Deno.test("serve() over TLS cuts a handshake after 10 s, and tells of it by a TimeoutError", async () => {
  const clock = new ManualClock();
  const { listener, dial } = memoryNetwork();
  const failed = Promise.withResolvers<unknown>();
  await using server = serve({
    listener: secureListener(listener, FIRST),
    clock,
    onConnectionError: failed.resolve,
  }, () => new Response());
  await using wire = await dial();
  await wire.write(new Uint8Array([22, 3, 1])); // a handshake record begins, and that is all
  await clock.advanceAsync(9_999);
  assertEquals(server.stats.connections, 1);
  await clock.advanceAsync(1);
  const error = await failed.promise;
  assertInstanceOf(error, DOMException);
  assertEquals([error.name, error.message], ["TimeoutError", "Cannot speak TLS as the handshake must end within 10 s"]);
  await wire.readToEnd().catch((error) => assertInstanceOf(error, Deno.errors.ConnectionReset));
  assertEquals([server.stats.connections, clock.alarms], [0, 0]);
});

Deno.test("shutdown() waits for no handshake, and tells of none that it has cut", async () => {
  const { listener, dial } = memoryNetwork();
  const errors: unknown[] = [];
  const clock = new ManualClock();
  const onConnectionError = (error: unknown) => void errors.push(error);
  const server = serve({ listener: secureListener(listener, FIRST), clock, onConnectionError }, () => new Response());
  await using wire = await dial();
  await wire.write(new Uint8Array([22, 3, 1]));
  await clock.advanceAsync(1);
  assertEquals(server.stats.connections, 1);
  await server.shutdown();
  assertEquals([server.stats.connections, clock.alarms, errors], [0, 0, []]);
});

Deno.test("serve() over TLS waits as long for a handshake as timeouts.handshake says, for ever if infinite", async () => {
  for (const handshake of [50, Infinity]) {
    const clock = new ManualClock();
    const { listener, dial } = memoryNetwork();
    const failed = Promise.withResolvers<unknown>();
    await using server = serve({
      listener: secureListener(listener, FIRST),
      clock,
      timeouts: { handshake },
      onConnectionError: failed.resolve,
    }, () => new Response());
    await using wire = await dial();
    await wire.write(new Uint8Array([22]));
    await clock.advanceAsync(49);
    assertEquals(server.stats.connections, 1);
    await clock.advanceAsync(3_600_000);
    if (handshake < Infinity) await failed.promise;
    assertEquals(server.stats.connections, handshake === Infinity ? 1 : 0);
  }
});

/** The serial number of whatever a connection's server proves itself by: which of the two certificates a client needs. */
async function provenBy(port: number): Promise<"first" | "second"> {
  try {
    (await dialTls({ hostname: "127.0.0.1", port, caCerts: [FIRST.cert] })).close();
    return "first";
  } catch (error) {
    assertInstanceOf(error, HandshakeError);
    (await dialTls({ hostname: "127.0.0.1", port, caCerts: [SECOND.cert] })).close();
    return "second";
  }
}

Deno.test("replaceCertificate() proves the server to new connections by the new pair; open ones go on", async () => {
  const { server, port, dial } = start({ replaceableCertificate: true });
  await using _server = server;
  await using open = await dial();
  assertEquals(await provenBy(port), "first");
  server.replaceCertificate(SECOND);
  assertEquals(await provenBy(port), "second");
  await open.write(GET);
  assertMatch(await open.readUntil('""]'), /^HTTP\/1\.1 200 OK\r\n/);
  assert(server.addr.port === port);
});

Deno.test("replaceCertificate() refuses a bad pair and keeps the old one", async () => {
  const { server, port } = start({ replaceableCertificate: true });
  await using _server = server;
  const bad: [string, string][] = [["nonsense", FIRST.key], [FIRST.cert, "nonsense"], [FIRST.cert, SECOND.key]];
  for (const [cert, key] of bad) {
    assertThrows(() => server.replaceCertificate({ cert, key }), Deno.errors.InvalidData, "Cannot speak TLS as");
  }
  assertEquals(await provenBy(port), "first");
});

Deno.test("replaceCertificate() refuses where the server speaks no TLS, or was not started for it", async () => {
  const { listener } = memoryNetwork();
  await using plain = serve({ listener }, () => new Response());
  assertThrows(() => plain.replaceCertificate(SECOND), TypeError, "Cannot replace");
  const { server } = start();
  await using _server = server;
  assertThrows(() => server.replaceCertificate(SECOND), TypeError, "Cannot replace");
});
