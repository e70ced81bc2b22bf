import { assertEquals } from "@std/assert";
import { codeLines, format, isBelow, percent, readLcov, rows } from "./coverage.ts";

const REPORT = `SF:/repo/timer/wheel.ts
FNF:1
DA:1,5
DA:2,0
DA:3,1
LH:2
LF:3
end_of_record
SF:/repo/http1/request.ts
DA:7,1
DA:9,12
end_of_record
SF:/elsewhere/timer/wheel.ts
DA:1,0
end_of_record
SF:/repo/tests/a_test.ts
DA:1,0
end_of_record
`;

Deno.test("readLcov() counts the lines of each file below the root", () => {
  assertEquals(
    readLcov(REPORT, "/repo/"),
    new Map([
      ["timer/wheel.ts", { found: 3, hit: 2 }],
      ["http1/request.ts", { found: 2, hit: 2 }],
      ["tests/a_test.ts", { found: 1, hit: 0 }],
    ]),
  );
});

Deno.test("rows() adds up each part, each pure half, and the library alone in all", () => {
  assertEquals(rows(readLcov(REPORT, "/repo/")), [
    { part: "http1", found: 2, hit: 2, min: 95 },
    { part: "timer", found: 3, hit: 2, min: undefined },
    { part: "timer/wheel", found: 3, hit: 2, min: 95 },
    { part: "in all", found: 5, hit: 4, min: 85 },
  ]);
  assertEquals(rows(new Map()).map(isBelow), [true]);
});

Deno.test("isBelow() and format() hold a row against its bound", () => {
  const of = (hit: number, min?: number) => ({ part: "json", found: 200, hit, min });
  assertEquals([isBelow(of(190, 95)), isBelow(of(189, 95)), isBelow(of(0))], [false, true, false]);
  assertEquals(percent(of(189)), 94.5);
  assertEquals(format(of(189, 95)), "json               94.5 %      189/200 lines  (at least 95 %: BELOW)");
  assertEquals(format(of(190, 95)), "json               95.0 %      190/200 lines  (at least 95 %)");
  assertEquals(format(of(1)), "json                0.5 %        1/200 lines");
});

Deno.test("codeLines() is 0 for types alone, and the lines with code for the rest", () => {
  assertEquals(codeLines("/** Text. */\nexport interface A {\n  b: string;\n}\n"), 0);
  assertEquals(codeLines("// Text.\nexport function a() {\n  // More.\n  return 1;\n}\n\n"), 3);
});
