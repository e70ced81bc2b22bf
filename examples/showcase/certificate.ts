/**
 * Owns the making of a certificate that nobody else has signed, for a server on this machine: X.509 in DER (RFC 5280), by
 * the platform's own cryptography. Knows nothing of TLS and of the showcase.
 *
 * @module
 */

/** A certificate and its private key, both as PEM. */
export interface Pair {
  /** The certificate. */
  readonly cert: string;
  /** The private key (PKCS #8). */
  readonly key: string;
}

/** How long the certificate is good for, in days: a server that runs longer has to be started again. */
const GOOD_DAYS = 30;

const DAY = 24 * 60 * 60 * 1000;

/** The tags of X.690 §8 that a certificate needs. */
const Tag = {
  Boolean: 0x01,
  Integer: 0x02,
  BitString: 0x03,
  OctetString: 0x04,
  ObjectIdentifier: 0x06,
  Utf8String: 0x0c,
  UtcTime: 0x17,
  GeneralizedTime: 0x18,
  Sequence: 0x30,
  Set: 0x31,
  /** `[0]` around the version, and `[3]` around the extensions (RFC 5280 §4.1). */
  Version: 0xa0,
  Extensions: 0xa3,
  /** `[2]` and `[7]` in a GeneralName (RFC 5280 §4.2.1.6). */
  DnsName: 0x82,
  IpAddress: 0x87,
} as const;
type Tag = typeof Tag[keyof typeof Tag];

type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();

/** One element: tag, length, contents (X.690 §8.1). */
function element(tag: Tag, ...contents: readonly Uint8Array[]): Bytes {
  const length = contents.reduce((sum, { length }) => sum + length, 0);
  const lengthBytes = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return new Uint8Array([tag, ...lengthBytes, ...contents.flatMap((part) => [...part])]);
}

/** A positive integer; the first bit is its sign (X.690 §8.3). */
function integer(bytes: Uint8Array): Bytes {
  const first = bytes.findIndex((byte) => byte !== 0);
  const digits = first < 0 ? bytes.subarray(0, 1) : bytes.subarray(first);
  return element(Tag.Integer, Uint8Array.of(...(digits[0]! >= 0x80 ? [0] : []), ...digits));
}

/** An object identifier (X.690 §8.19). */
function objectId(text: string): Bytes {
  const [first = 0, second = 0, ...rest] = text.split(".").map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const digits = [arc & 0x7f];
    for (let left = arc >> 7; left > 0; left >>= 7) digits.unshift(left & 0x7f | 0x80);
    return digits;
  });
  return element(Tag.ObjectIdentifier, new Uint8Array(bytes));
}

/** A date: of two digits for the year until 2049, of four from then on (RFC 5280 §4.1.2.5). */
function time(milliseconds: number): Bytes {
  const digits = new Date(milliseconds).toISOString().replace(/[-T:]|\.\d+/g, "");
  return digits < "2050"
    ? element(Tag.UtcTime, encoder.encode(digits.slice(2)))
    : element(Tag.GeneralizedTime, encoder.encode(digits));
}

/** Bits that fill whole bytes. */
function bitString(bytes: Uint8Array): Bytes {
  return element(Tag.BitString, Uint8Array.of(0), bytes);
}

/** A critical one must be understood by whoever reads the certificate (RFC 5280 §4.2). */
function extension(id: string, critical: boolean, value: Uint8Array): Bytes {
  const flag = critical ? [element(Tag.Boolean, Uint8Array.of(0xff))] : [];
  return element(Tag.Sequence, objectId(id), ...flag, element(Tag.OctetString, value));
}

const ECDSA_WITH_SHA256 = element(Tag.Sequence, objectId("1.2.840.10045.4.3.2"));

const COMMON_NAME = "2.5.4.3";

const EXTENSIONS = element(
  Tag.Extensions,
  element(
    Tag.Sequence,
    // Basic constraints, all at their defaults: it is no authority's certificate, which clients would refuse of a server.
    extension("2.5.29.19", true, element(Tag.Sequence)),
    // Key usage: digital signature, the first of eight bits.
    extension("2.5.29.15", true, element(Tag.BitString, Uint8Array.of(7, 0x80))),
    // Extended key usage: a server's authentication.
    extension("2.5.29.37", false, element(Tag.Sequence, objectId("1.3.6.1.5.5.7.3.1"))),
    // Subject alternative names: clients look at nothing else.
    extension(
      "2.5.29.17",
      false,
      element(
        Tag.Sequence,
        element(Tag.DnsName, encoder.encode("localhost")),
        element(Tag.IpAddress, Uint8Array.of(127, 0, 0, 1)),
      ),
    ),
  ),
);

function nameOf(text: string): Bytes {
  const attribute = element(Tag.Sequence, objectId(COMMON_NAME), element(Tag.Utf8String, encoder.encode(text)));
  return element(Tag.Sequence, element(Tag.Set, attribute));
}

/** What is signed (RFC 5280 §4.1.2). */
function toBeSigned(publicKey: Uint8Array, now: number): Bytes {
  const name = nameOf("localhost");
  return element(
    Tag.Sequence,
    element(Tag.Version, integer(Uint8Array.of(2))), // version 3
    integer(crypto.getRandomValues(new Uint8Array(16))),
    ECDSA_WITH_SHA256,
    name,
    element(Tag.Sequence, time(now - DAY), time(now + GOOD_DAYS * DAY)), // clocks differ
    name,
    publicKey,
    EXTENSIONS,
  );
}

function pem(label: string, bytes: Uint8Array): string {
  const lines = bytes.toBase64().match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}

/**
 * Makes a key (ECDSA on P-256) and a certificate for it, signed by itself, for `localhost` and 127.0.0.1: good for 30 days
 * from `now`, in milliseconds since 1970.
 */
export async function selfSigned(now: number = Date.now()): Promise<Pair> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const { publicKey, privateKey } = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = toBeSigned(new Uint8Array(await crypto.subtle.exportKey("spki", publicKey)), now);
  const signature = new Uint8Array(await crypto.subtle.sign(algorithm, privateKey, certificate));
  const half = signature.length / 2; // the two numbers side by side; X.509 has each as an integer of its own
  const numbers = [signature.subarray(0, half), signature.subarray(half)].map(integer);
  const signed = element(
    Tag.Sequence,
    certificate,
    ECDSA_WITH_SHA256,
    bitString(element(Tag.Sequence, ...numbers)),
  );
  const key = new Uint8Array(await crypto.subtle.exportKey("pkcs8", privateKey));
  return { cert: pem("CERTIFICATE", signed), key: pem("PRIVATE KEY", key) };
}
