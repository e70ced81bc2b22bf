/**
 * Owns the properties that hold for any lists and any bytes; the rules one by one are in the tests beside it.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { HpackDecoder, HpackEncoder, HpackError, type HpackField, maxBlockSize, sizeOfList } from "../../hpack/mod.ts";
import { decode, decodeAt, hex } from "./block.ts";

/** Few names and values, so that they come again, and any others. */
const text = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("", "a", "b", "0", "a; b", "; ", "x".repeat(60)) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 80 }).map((octets) => String.fromCharCode(...octets)) },
);
const name = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(":path", ":method", ":status", "server", "age", "x-a", "x-b", "cookie") },
  { weight: 1, arbitrary: text },
);
const field = fc.oneof(
  { weight: 9, arbitrary: fc.record({ name, value: text }) },
  { weight: 1, arbitrary: fc.record({ name, value: text, sensitive: fc.boolean() }) },
);
const list = fc.array(field, { maxLength: 12 });
const size = fc.oneof(fc.constantFrom(0, 31, 32, 33, 34, 68, 100, 4096), fc.nat({ max: 8192 }));
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ fields: list }) },
  { weight: 1, arbitrary: fc.record({ setting: size }) },
  { weight: 1, arbitrary: fc.record({ tooSmall: list }) },
);

/** What a field is beside an explicit mark, which the policy may add. */
const plain = ({ name, value }: HpackField) => ({ name, value });

/** The fields that one is sent as: a Cookie has one for each crumb. */
function crumbs(field: HpackField): HpackField[] {
  return field.name === "cookie" ? field.value.split("; ").map((value) => ({ ...field, value })) : [field];
}

Deno.test("Any lists encoded and decoded are themselves, and both tables equal, through any sizes and failures", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), size, (steps, maxTableSize) => {
      const encoder = new HpackEncoder({ maxTableSize });
      const decoder = new HpackDecoder();
      for (const step of steps) {
        if ("setting" in step) {
          encoder.setMaxTableSize(step.setting);
          decoder.setMaxTableSize(step.setting);
        } else if ("tooSmall" in step) {
          if (step.tooSmall.length > 0) assertEquals(encoder.encode(step.tooSmall, new Uint8Array(0), 0), -1);
        } else {
          check(encoder, decoder, step.fields);
        }
      }
    }),
    { numRuns: 400 },
  );
});

function check(encoder: HpackEncoder, decoder: HpackDecoder, fields: readonly HpackField[]): void {
  const into = new Uint8Array(maxBlockSize(fields));
  const end = encoder.encode(fields, into, 0);
  assert(end >= 0);
  const decoded = decoder.decode(into, 0, end)!;
  assertEquals(decoded.map(plain), fields.flatMap(crumbs).map(plain));
  fields.flatMap(crumbs).forEach(({ sensitive }, at) => assert(sensitive !== true || decoded[at]!.sensitive));
  assertEquals(encoder.entries, decoder.entries.map(plain));
  assertEquals(sizeOfList(decoder.entries), decoder.tableSize);
  assert(decoder.tableSize <= 8192);
}

/** What blocks are made of, so that random ones get deep. */
const piece = fc.oneof(
  fc.integer({ min: 0x80, max: 0xbd }).map((octet) => [octet]),
  fc.integer({ min: 0xbe, max: 0xc4 }).map((octet) => [octet]),
  fc.constantFrom("40 01 61 01 62", "00 01 61 01 62", "10 01 61 01 62", "7e 01 63", "20", "3f e1 1f", "3e", "ff 00")
    .map((digits) => [...hex(digits)]),
  fc.constantFrom("40 82 1c 64 83 1c 64 2f", "44 85 60 d4 8e 62 ff", "0f 2f 81 1f").map((digits) => [...hex(digits)]),
  fc.uint8Array({ maxLength: 4 }).map((octets) => [...octets]),
);
const block = fc.array(piece, { maxLength: 12 }).map((pieces) => Uint8Array.from(pieces.flat()));

Deno.test("Any bytes give fields within the limit, or one error, wherever they stand", () => {
  const limits = fc.constantFrom(0, 34, 100, 500, Infinity);
  fc.assert(
    fc.property(fc.array(block, { maxLength: 6 }), limits, fc.nat({ max: 9 }), (blocks, maxListBytes, offset) => {
      const outcome = decodeAt(offset, blocks, { maxListBytes });
      assertEquals(outcome, decodeAt(0, blocks, { maxListBytes }));
      for (const fields of outcome) {
        if (typeof fields === "string") continue;
        assert(sizeOfList(fields.map(([name, value]) => ({ name, value }))) <= maxListBytes);
      }
    }),
    { numRuns: 1500 },
  );
});

Deno.test("Any limit changes only whether a list is given, never what the table has", () => {
  fc.assert(
    fc.property(fc.array(block, { maxLength: 6 }), fc.nat({ max: 300 }), (blocks, maxListBytes) => {
      const all = decode(blocks, { maxListBytes: Infinity });
      const some = decode(blocks, { maxListBytes });
      const expected = all.map((fields) => {
        if (typeof fields === "string") return fields;
        const size = sizeOfList(fields.map(([name, value]) => ({ name, value })));
        return size <= maxListBytes ? fields : "too large";
      });
      assertEquals(some, expected);
    }),
    { numRuns: 700 },
  );
});

Deno.test("Any lists that are decoded can be encoded again, with their marks", () => {
  fc.assert(fc.property(fc.array(block, { maxLength: 4 }), (blocks) => {
    const decoder = new HpackDecoder();
    const encoder = new HpackEncoder();
    const again = new HpackDecoder();
    for (const block of blocks) {
      let fields: HpackField[];
      try {
        fields = decoder.decode(block, 0, block.length)!;
      } catch (error) {
        assert(error instanceof HpackError);
        return;
      }
      const copy = encoder.encodeBlock(fields);
      const decoded = again.decode(copy, 0, copy.length)!;
      const sent = fields.flatMap(crumbs);
      assertEquals(decoded.map(plain), sent.map(plain));
      sent.forEach(({ sensitive }, at) => assert(!sensitive || decoded[at]!.sensitive));
    }
  }));
});
