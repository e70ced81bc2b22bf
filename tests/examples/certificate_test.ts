/**
 * Owns the tests of the certificate that the showcase makes for itself: by the platform's TLS, and by OpenSSL.
 *
 * @module
 */

import { assertEquals, assertMatch, assertNotEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type Pair, selfSigned } from "../../examples/showcase/certificate.ts";
import { programTest } from "../programs.ts";

/** Says something over TLS to a server of that pair, reached by that name, and gives what arrives. */
async function said({ cert, key }: Pair, hostname: string, trusted = cert): Promise<string> {
  using listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
  const accepted = listener.accept();
  const tcp = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  using server = await accepted;
  using client = await Deno.startTls(tcp, { hostname, caCerts: [trusted] });
  const [buffer, handshake] = [new Uint8Array(64), client.handshake()];
  const [count] = await Promise.all([server.read(buffer), handshake.then(() => client.write(Uint8Array.of(104, 105)))]);
  return new TextDecoder().decode(buffer.subarray(0, count ?? 0));
}

for (const hostname of ["localhost", "127.0.0.1"]) {
  Deno.test(`selfSigned() stands for ${hostname} before a client that trusts it`, async () => {
    assertEquals(await said(await selfSigned(), hostname), "hi");
  });
}

Deno.test("selfSigned() stands for no other name, and its key for no other certificate", async () => {
  const pair = await selfSigned();
  using listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, ...pair });
  for (const [hostname, trusted] of [["example.com", pair], ["localhost", await selfSigned()]] as const) {
    const accepted = listener.accept();
    const tcp = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
    using server = await accepted;
    const refused = assertRejects(() => server.handshake());
    using client = await Deno.startTls(tcp, { hostname, caCerts: [trusted.cert] });
    await assertRejects(() => client.handshake(), Deno.errors.InvalidData, "invalid peer certificate");
    await refused;
  }
});

Deno.test("selfSigned() never makes the same pair twice", async () => {
  const [one, other] = [await selfSigned(), await selfSigned()];
  assertNotEquals(one.cert, other.cert);
  assertNotEquals(one.key, other.key);
});

/** What OpenSSL tells of a certificate, `date` standing for the present. */
async function told({ cert }: Pair, ...args: readonly string[]): Promise<string> {
  const command = new Deno.Command("openssl", { args: [...args], stdin: "piped", stdout: "piped", stderr: "piped" });
  const process = command.spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(cert));
  await writer.close();
  const { stdout, stderr } = await process.output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

programTest(
  "selfSigned() makes what OpenSSL reads as a server's certificate of 30 days, and no authority's",
  { programs: ["openssl"] },
  async () => {
    const text = await told(await selfSigned(Date.UTC(2026, 5, 15, 12)), "x509", "-noout", "-text");
    assertStringIncludes(text, "Version: 3 (0x2)");
    assertMatch(text, /Issuer: CN = localhost\n[^]*Subject: CN = localhost\n/);
    assertMatch(text, /Not Before: Jun 14 12:00:00 2026 GMT\s+Not After : Jul 15 12:00:00 2026 GMT/);
    assertMatch(text, /Basic Constraints: critical\n\s+CA:FALSE\n/);
    assertMatch(text, /X509v3 Key Usage: critical\n\s+Digital Signature\n/);
    assertMatch(text, /Extended Key Usage: \n\s+TLS Web Server Authentication\n/);
    assertMatch(text, /Subject Alternative Name: \n\s+DNS:localhost, IP Address:127\.0\.0\.1\n/);
  },
);

programTest(
  "selfSigned() writes years from 2050 on with four digits (RFC 5280 §4.1.2.5)",
  { programs: ["openssl"] },
  async () => {
    const dates = await told(await selfSigned(Date.UTC(2050, 0, 1)), "x509", "-noout", "-dates");
    assertEquals(dates, "notBefore=Dec 31 00:00:00 2049 GMT\nnotAfter=Jan 31 00:00:00 2050 GMT\n");
    const parsed = await told(await selfSigned(Date.UTC(2050, 0, 1)), "asn1parse");
    assertMatch(parsed, /UTCTIME +:491231000000Z\n/);
    assertMatch(parsed, /GENERALIZEDTIME +:20500131000000Z\n/);
  },
);
