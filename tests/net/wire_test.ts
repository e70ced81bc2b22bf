/**
 * Owns the proof that a wire writes and reads text whole, however the transport cuts it; knows no protocol.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { LimitError, memoryPipe, Wire } from "../../net/mod.ts";

function wires(chunkSize = Infinity): [Wire, Wire] {
  const [near, far] = memoryPipe({ chunkSize });
  return [new Wire(near), new Wire(far)];
}

Deno.test("Wire writes and reads text whole, whatever the chunks", async () => {
  for (const chunkSize of [1, 2, 3, 5, Infinity]) {
    const [near, far] = wires(chunkSize);
    await near.write("grüne €");
    await near.write(new Uint8Array([0x21]));
    await near.write("\r\nmore");
    await near.end();
    assertEquals(await far.readText(3), "gr\uFFFD"); // half of the ü
    assertEquals((await far.readBytes(1)).length, 1);
    assertEquals(await far.readUntil("\r\n"), "ne €!\r\n");
    assertEquals(await far.readToEnd(), "more");
    assertEquals(await far.readToEnd(), "");
    assertEquals(await far.read(), null);
  }
});

Deno.test("Wire.readBytesToEnd() gives bytes as they came", async () => {
  const [near, far] = wires(2);
  const bytes = new Uint8Array([0xff, 0, 0xc3, 1, 2]);
  await near.write(bytes);
  await near.end();
  assertEquals(await far.readBytesToEnd(), bytes);
});

Deno.test("Wire.read() gives what is there, as soon as there is something", async () => {
  const [near, far] = wires();
  const parked = far.read();
  await near.write("ab");
  assertEquals(await parked, new Uint8Array([0x61, 0x62]));
  await near.write("cd");
  await far.readText(1);
  assertEquals(await far.read(), new Uint8Array([0x64]));
});

Deno.test("Wire.readUntil() and readText() reject where the text doesn't come", async () => {
  const [near, far] = wires();
  await near.write("abc");
  await assertRejects(() => far.readUntil("x", 3), LimitError);
  await near.end();
  await assertRejects(() => far.readUntil("x"), Deno.errors.UnexpectedEof);
  await assertRejects(() => far.readText(4), Deno.errors.UnexpectedEof);
  assertEquals(await far.readToEnd(), "abc");
});

Deno.test("Wire closes its transport, by hand and at the end of its scope", async () => {
  const [near, far] = wires();
  near.close();
  assertEquals(await far.readToEnd(), "");
  const [one, other] = wires();
  {
    await using _one = one;
  }
  assertEquals(await other.readToEnd(), "");
});
