/**
 * Owns the proof that the library keeps to the house's rules, and that the checks would notice if it did not.
 * Must not know the rules themselves: they are data in `tools/architecture.ts`.
 *
 * @module
 */

import { assert, assertArrayIncludes, assertEquals, assertThrows } from "@std/assert";
import { partOf, type SourceFile, violations } from "../tools/architecture.ts";
import { references, tokens } from "../tools/tokens.ts";

const ROOT = new URL("../", import.meta.url);

/** Every TypeScript file under the folder, its path relative to the repository. */
function sourcesUnder(folder: string): string[] {
  return [...Deno.readDirSync(new URL(folder, ROOT))].flatMap((entry) => {
    const path = folder + entry.name;
    return entry.isDirectory ? sourcesUnder(`${path}/`) : path.endsWith(".ts") ? [path] : [];
  });
}

/** The library as it stands on the disk. */
function library(): SourceFile[] {
  const folders = [...Deno.readDirSync(ROOT)].filter((entry) => entry.isDirectory && partOf(entry.name) !== undefined);
  const paths = ["mod.ts", ...folders.flatMap((entry) => sourcesUnder(`${entry.name}/`))];
  return paths.map((path) => ({ path, text: Deno.readTextFileSync(new URL(path, ROOT)) }));
}

/** The breaches in one made-up file. */
function breaches(path: string, text: string): string[] {
  return violations([{ path, text }]);
}

Deno.test("the library keeps every rule of the house", () => {
  const files = library();
  assert(files.length > 5, "the library was not found");
  assertEquals(violations(files), []);
});

Deno.test("exactly one file of the library names setTimeout", () => {
  const arming = library().filter(({ text }) =>
    tokens(text).some(({ kind, text }) => kind === "word" && text === "setTimeout")
  );
  assertEquals(arming.map(({ path }) => partOf(path)), ["timer"]);
});

Deno.test("every folder of the library is published, and nothing else is", () => {
  const { publish } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", ROOT)));
  const include: string[] = publish.include;
  const folders = include.filter((entry) => entry.endsWith("/")).map((entry) => entry.slice(0, -1));
  for (const folder of folders) assert(partOf(folder) !== undefined, `${folder} is published but not the library's`);
  for (const { path } of library()) {
    assert(path === "mod.ts" || folders.includes(path.split("/")[0]!), `${path} is not published`);
  }
  assertEquals(
    include.filter((entry) => !entry.endsWith("/")).sort(),
    ["CHANGELOG.md", "LICENSE", "README.md", "deno.json", "mod.ts"],
  );
});

Deno.test("violations() sees an import against the arrows, in every form of import", () => {
  for (
    const statement of [
      'import { a } from "../net/mod.ts";',
      'import type { A } from "../net/transport.ts";',
      'import * as a from "../net/mod.ts";',
      'import "../net/mod.ts";',
      'export * from "../net/mod.ts";',
      'export * as net from "../net/mod.ts";',
      'export { a, type B as C } from "../net/mod.ts";',
      'export type { A } from "../net/mod.ts";',
      'const a = import("../net/mod.ts");',
      'let a: typeof import("../net/mod.ts");',
    ]
  ) assertEquals(breaches("timer/a.ts", statement), ["timer/a.ts:1: timer may not import net"], statement);
});

Deno.test("violations() sees each arrow that points the wrong way", () => {
  const wrong = [
    ["timer/a.ts", "../json/mod.ts"],
    ["json/a.ts", "../timer/mod.ts"],
    ["hpack/a.ts", "../http/fields/field.ts"],
    ["http/fields/a.ts", "../call.ts"],
    ["http1/a.ts", "../http/call.ts"],
    ["http1/a.ts", "../http2/mod.ts"],
    ["http2/a.ts", "../timer/mod.ts"],
    ["net/a.ts", "../runtime/mod.ts"],
    ["runtime/a.ts", "../http/mod.ts"],
    ["http/a.ts", "../net/mod.ts"],
    ["websocket/a.ts", "../http1/mod.ts"],
    ["server/a.ts", "../client/mod.ts"],
    ["client/a.ts", "../server/mod.ts"],
    ["middleware/a.ts", "../server/mod.ts"],
    ["server/a.ts", "../mod.ts"],
  ];
  for (const [from, to] of wrong) {
    const found = breaches(from!, `import { a } from "${to}";`);
    assertEquals(found.length, 1, `${from} imports ${to}`);
    assert(found[0]!.includes(" may not import "), found[0]);
  }
});

Deno.test("violations() lets arrows downwards, a folder's own files and its built-ins pass", () => {
  const right = [
    ["http1/a.ts", "../http/fields/mod.ts"],
    ["http2/a.ts", "../hpack/mod.ts"],
    ["net/a.ts", "../timer/mod.ts"],
    ["server/deep/a.ts", "../../http1/mod.ts"],
    ["http/a.ts", "./fields/mod.ts"],
    ["http/fields/a.ts", "./b.ts"],
    ["mod.ts", "./server/mod.ts"],
    ["websocket/deflate.ts", "node:zlib"],
    ["net/duplex_tls.ts", "node:tls"],
  ];
  for (const [from, to] of right) {
    assertEquals(breaches(from!, `import { a } from "${to}";`), [], `${from} imports ${to}`);
  }
});

Deno.test("violations() sees an import of what is not published", () => {
  for (
    const specifier of [
      "npm:left",
      "jsr:@std/bytes",
      "@std/bytes",
      "https://a.test/mod.ts",
      "node:net",
      "../tests/a.ts",
      "../tools/a.ts",
      "./b",
      "./b.js",
      "@avx/http/timer",
    ]
  ) assertEquals(breaches("timer/a.ts", `import { a } from "${specifier}";`).length, 1, specifier);
  assertEquals(breaches("timer/a.ts", "const a = await import(name);").length, 1);
  assertEquals(breaches("runtime/worker_load.ts", "const a = await import(name);"), []);
});

Deno.test("violations() sees a pure file wait, ask for the time or touch the platform", () => {
  const impure = [
    "await later;",
    "async function later() {}",
    "Deno.cwd();",
    "performance.now();",
    "queueMicrotask(f);",
    "Date.now();",
    "new Date();",
    "new Date;",
    "Date();",
    "globalThis.performance.now();",
  ];
  const pure = ["timer/wheel.ts", "json/a.ts", "hpack/a.ts", "http/fields/date.ts", "http1/a.ts", "http2/a.ts"];
  for (const path of [...pure, "websocket/frame.ts"]) {
    for (const text of impure) assertEquals(breaches(path, text).length, 1, `${path}: ${text}`);
    assertEquals(breaches(path, "setInterval(f, 1);").length, 2);
    assertEquals(breaches(path, "fetch(url);").length, 2);
  }
  for (const text of impure) assertEquals(breaches("server/a.ts", text), [], text);
});

Deno.test("violations() lets a pure file speak of what it may not do", () => {
  for (
    const text of [
      "// await Deno.listen",
      "/** setTimeout(() => fetch(performance.now())) */",
      'const a = "await Deno.listen";',
      "const a = `await ${b} Deno`;",
      "const a = /await Deno/;",
      "const a = b / await_ / c;",
      "this.performance = 1;",
      "new Date(0);",
      "new Date(Date.UTC(2000, 1));",
      "class A { fetch(a: B): C { return a; } }",
    ]
  ) assertEquals(breaches("http1/a.ts", text), [], text);
});

Deno.test("violations() sees a network API outside net/deno_*.ts, and only there", () => {
  for (
    const text of [
      "Deno.listen({ port: 0 });",
      "Deno.listenTls(options);",
      "await Deno.connect(options);",
      "Deno.startTls(conn);",
      "Deno.serve(handler);",
      "const { listen } = Deno;",
      'Deno["listen"]({});',
      "await fetch(url);",
      "await globalThis.fetch(url);",
      "new WebSocket(url);",
    ]
  ) {
    for (const path of ["net/memory.ts", "server/serve.ts", "mod.ts"]) {
      assertEquals(breaches(path, text).length, 1, `${path}: ${text}`);
    }
    assertEquals(breaches("net/deno_tcp.ts", text), [], text);
  }
  for (
    const text of ["let a: Deno.NetAddr;", "client.fetch(url);", "let a: WebSocket;", "Deno.addSignalListener(a, b);"]
  ) {
    assertEquals(breaches("server/serve.ts", text), [], text);
  }
});

Deno.test("violations() sees a second owner of the host's timer, and one outside timer/", () => {
  const arms = "setTimeout(f, 1);";
  assertEquals(breaches("timer/scheduler.ts", arms), []);
  assertEquals(breaches("server/a.ts", arms), ["server/a.ts:1: names setTimeout outside timer/"]);
  assertEquals(
    violations([{ path: "timer/a.ts", text: arms }, { path: "timer/b.ts", text: "globalThis.setTimeout(f, 1);" }]),
    ["timer/a.ts, timer/b.ts: more than one file names setTimeout"],
  );
  assertEquals(breaches("timer/a.ts", "setInterval(f, 1);"), ["timer/a.ts:1: names setInterval"]);
});

Deno.test("violations() sees node:tls in two files, and outside net/", () => {
  const uses = 'import { connect } from "node:tls";';
  assertEquals(breaches("server/a.ts", uses), ["server/a.ts:1: imports node:tls outside net/"]);
  assertEquals(
    violations([{ path: "net/a.ts", text: uses }, { path: "net/b.ts", text: uses }]),
    ["net/a.ts, net/b.ts: more than one file imports node:tls"],
  );
  for (const module of ["node:stream", "node:crypto"]) {
    const beside = `import { a } from "${module}";`;
    assertEquals(breaches("net/a.ts", uses + beside), []);
    assertEquals(breaches("net/a.ts", beside), [`net/a.ts:1: imports ${module} without node:tls`]);
  }
});

Deno.test("violations() sees any, promises of later work and silenced checks", () => {
  for (
    const text of [
      "export let a: any;",
      "export function f(a: Map<string, any>): void {}",
      "const a = b as any;",
      `// ${"TO"}DO: later`,
      `/* ${"FIX"}ME */`,
      "// @ts-ignore because",
      "// @ts-expect-error because",
      "// deno-lint-ignore no-explicit-any",
      "// deno-lint-ignore require-await no-explicit-any",
      "/**\n * ```ts no-run\n * f();\n * ```\n */",
      "/**\n * ```ts ignored\n * f();\n * ```\n */",
    ]
  ) assertEquals(breaches("server/a.ts", text).length, 1, text);
  for (
    const text of [
      "AbortSignal.any([a]);",
      "// any",
      "const { any } = a;",
      "// deno-lint-ignore require-await",
      "/** ```ts ignore */",
      "/**\n * ```ts\n */",
    ]
  ) {
    assertEquals(breaches("server/a.ts", text), [], text);
  }
});

Deno.test("violations() does not look at files that are not the library's", () => {
  assertEquals(breaches("tests/a_test.ts", 'import { a } from "npm:b"; setTimeout(a as any, 1);'), []);
  assertEquals(breaches("bench/a_bench.ts", "Deno.serve(a);"), []);
});

Deno.test("tokens() knows code from comments, strings, templates and regular expressions", () => {
  const words = (source: string) => tokens(source).filter(({ kind }) => kind === "word").map(({ text }) => text);
  assertEquals(words("a(\"b /* c */\", 'd\\'e'); // f\n/* g\nh */ i"), ["a", "i"]);
  assertEquals(words("`a ${b + `c ${d}` + { e: 1 }.e} f` + g"), ["b", "d", "e", "1", "e", "g"]);
  assertEquals(words("a = b / c / d"), ["a", "b", "c", "d"]);
  assertEquals(words("return /b[/]c/g.test(d)"), ["return", "test", "d"]);
  assertEquals(words("f(x) / y; (a)\n/ b"), ["f", "x", "y", "a", "b"]);
  assertEquals(tokens("a\n\n`b\nc`\nd").map(({ line }) => line), [1, 3, 5]);
  assertThrows(() => tokens("`a"), SyntaxError, "no end");
  assertThrows(() => tokens('"a\n"'), SyntaxError, "no end");
});

Deno.test("references() tells imports from what only looks like them", () => {
  const found = (source: string) => references(tokens(source)).map(({ specifier }) => specifier);
  assertEquals(found('import.meta.url; a.import("b"); export const from = "c"; export { d };'), []);
  assertEquals(found('export default a; const b = "import c from d";'), []);
  assertArrayIncludes(found('import a, { type b } from "c"; export { d as e } from "f";'), ["c", "f"]);
  assertEquals(found('import a from "b" with { type: "json" };'), ["b"]);
});
