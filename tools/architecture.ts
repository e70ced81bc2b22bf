/**
 * Owns the rules of the house as data (which folder may import which, what a pure file may not name) and the checks of a
 * file against them. Must not know the disk: it is given paths and texts.
 *
 * @module
 */

import { references, type Token, tokens } from "./tokens.ts";

/** A file of the repository, its path relative to the root, with slashes. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

const BELOW_DRIVERS = [
  "timer",
  "json",
  "hpack",
  "http/fields",
  "http1",
  "http2",
  "net",
  "runtime",
  "http",
  "websocket",
];

/** What each part of the library may import, besides itself. A part that stands not here is not the library's. */
export const ARROWS: Readonly<Record<string, readonly string[]>> = {
  "timer": [],
  "json": [],
  "hpack": [],
  "http/fields": [],
  "http1": ["http/fields"],
  "http2": ["hpack", "http/fields"],
  "net": ["timer"],
  "runtime": ["timer", "net"],
  "http": ["http/fields", "json", "timer"],
  "websocket": ["http", "http/fields", "net", "timer"],
  "server": BELOW_DRIVERS,
  "client": BELOW_DRIVERS,
  "middleware": ["http", "http/fields", "json", "timer"],
  "mod.ts": [...BELOW_DRIVERS, "server", "client"],
};

/** What the one file that stands on `node:tls` needs beside it: its streams, and the check of a key against its certificate. */
const BESIDE_TLS = ["node:stream", "node:crypto"];

/** The built-in modules that a published file may import. */
const BUILT_INS = ["node:zlib", "node:tls", ...BESIDE_TLS];

/** Files that see bytes and time as arguments only. */
const PURE = /^(?:timer\/wheel[^/]*\.ts|(?:json|hpack|http\/fields|http1|http2)\/.*|websocket\/frames?[^/]*\.ts)$/;

/** Files that may name a network API. */
const NETWORK = /^net\/deno_[^/]*\.ts$/;

/** The one file that may hand `Deno` on as a whole: where the process is injected. */
const PROCESS = "runtime/process.ts";

/** The one file that may import a module by a name that is known at run time only. */
const LOADER = "runtime/worker_load.ts";

/** Words of the platform that wait, tell the time or do something later; a pure file names none. */
const IMPURE_WORDS = new Set(
  ["await", "async", "Deno", "performance", "fetch", "setTimeout", "setInterval", "setImmediate", "queueMicrotask"],
);

/** Members of `Deno` that open, accept or upgrade a connection. */
const NETWORK_MEMBERS = new Set([
  "listen",
  "listenTls",
  "listenDatagram",
  "connect",
  "connectTls",
  "connectQuic",
  "startTls",
  "serve",
  "serveHttp",
  "upgradeWebSocket",
  "resolveDns",
  "createHttpClient",
]);

/** Globals that open a connection of the platform's own. */
const NETWORK_GLOBALS = new Set(["fetch", "WebSocket", "EventSource", "WebTransport"]);

/** The part of the house that a path belongs to; `undefined` for a file that is not the library's. */
export function partOf(path: string): string | undefined {
  const part = path.startsWith("http/fields/") ? "http/fields" : path.includes("/") ? path.split("/")[0]! : path;
  return Object.hasOwn(ARROWS, part) ? part : undefined;
}

/** Every breach of the house's rules in the library's files, one line each: `path:line: what`. */
export function violations(files: readonly SourceFile[]): string[] {
  const found: string[] = [];
  const parsed = files.filter(({ path }) => partOf(path) !== undefined)
    .map(({ path, text }) => ({ path, text, code: tokens(text) }));
  for (const { path, text, code } of parsed) {
    found.push(...badImports(path, code), ...badWords(path, code), ...badMarks(path, text));
  }
  return [...found, ...misplacedTimers(parsed), ...misplacedTls(parsed)];
}

/** Resolves a relative specifier against the file that names it. */
function resolve(from: string, specifier: string): string {
  return new URL(specifier, `file:///${from}`).pathname.slice(1);
}

function badImports(path: string, code: readonly Token[]): string[] {
  const part = partOf(path)!;
  const found: string[] = [];
  for (const { specifier, line } of references(code)) {
    const where = `${path}:${line}:`;
    if (specifier === undefined) {
      if (path !== LOADER) found.push(`${where} imports something that is not one string`);
    } else if (!/^\.\.?\//.test(specifier)) {
      if (!BUILT_INS.includes(specifier)) {
        found.push(`${where} imports ${specifier}, which is neither ours nor built in`);
      }
    } else if (!specifier.endsWith(".ts")) {
      found.push(`${where} imports ${specifier} without its .ts`);
    } else {
      const target = partOf(resolve(path, specifier));
      if (target === undefined) {
        found.push(`${where} imports ${specifier}, which is not published`);
      } else if (target !== part && !ARROWS[part]!.includes(target)) {
        found.push(`${where} ${part} may not import ${target}`);
      }
    }
  }
  return found;
}

/** Whether the token at `at` is a name of its own or of `globalThis`, not another object's member or a key. */
function isGlobal(code: readonly Token[], at: number): boolean {
  const before = code[at - 1];
  if (before?.text === ".") return code[at - 2]?.text === "globalThis";
  const after = code[at + 1]?.text;
  return after !== ":" || before?.text === "?" || before?.text === "case";
}

/** Whether the token at `at` is called as the platform's, not declared as a method or function of ours. */
function isDeclared(code: readonly Token[], at: number): boolean {
  if (code[at - 1]?.text === "function") return true;
  if (code[at + 1]?.text !== "(") return false;
  let depth = 0;
  for (let i = at + 1; i < code.length; i++) {
    const { kind, text } = code[i]!;
    if (kind !== "mark") continue;
    if (text === "(") depth++;
    if (text === ")" && --depth === 0) {
      const next = code[i + 1]?.text;
      return next === "{" || (next === ":" && code[at - 1]?.text !== "?");
    }
  }
  return false;
}

/** Whether the token at `at` is one of the names in braces, as of an import or an object. */
function isShorthand(code: readonly Token[], at: number): boolean {
  return /^[{,]$/.test(code[at - 1]?.text ?? "") && /^[},]$/.test(code[at + 1]?.text ?? "");
}

function badWords(path: string, code: readonly Token[]): string[] {
  const found: string[] = [];
  code.forEach(({ kind, text, line }, at) => {
    if (kind !== "word" || !isGlobal(code, at)) return;
    const say = (what: string) => found.push(`${path}:${line}: ${what}`);
    if (text === "any" && !isShorthand(code, at) && !isDeclared(code, at)) say("says any");
    if (PURE.test(path)) {
      if (IMPURE_WORDS.has(text) && !isDeclared(code, at)) say(`is pure and names ${text}`);
      if (text === "Date" && readsClock(code, at)) say("is pure and asks Date for the time");
    }
    if (NETWORK.test(path)) return;
    if (NETWORK_GLOBALS.has(text) && opensConnection(code, at)) say(`names ${text} outside net/deno_*.ts`);
    if (text !== "Deno") return;
    const dot = code[at + 1]?.text === "?" ? at + 2 : at + 1;
    const member = code[dot]?.text === "." ? code[dot + 1]?.text : undefined;
    if (member === undefined && path !== PROCESS) say("takes Deno as a whole, which hides what it uses");
    if (member !== undefined && NETWORK_MEMBERS.has(member)) say(`names Deno.${member} outside net/deno_*.ts`);
  });
  return found;
}

/** `Date.now`, `new Date()` and `Date()`: the uses of `Date` that ask what time it is. */
function readsClock(code: readonly Token[], at: number): boolean {
  const next = code[at + 1]?.text;
  if (next === ".") return code[at + 2]?.text === "now";
  if (next === "(") return code[at + 2]?.text === ")" || code[at - 1]?.text !== "new";
  return code[at - 1]?.text === "new";
}

/** `fetch(` and `new WebSocket`: uses, not types or declarations. */
function opensConnection(code: readonly Token[], at: number): boolean {
  if (code[at]!.text !== "fetch") return code[at - 1]?.text === "new";
  return code[at + 1]?.text === "(" && !isDeclared(code, at);
}

/** What a line of text may not say: promises of later work, silenced checks, examples that seem to be left alone. */
const MARKS = [
  /\b(?:TODO|FIXME|XXX)\b/,
  /@ts-(?:ignore|nocheck|expect-error)/,
  /deno-lint-ignore\b.*\bno-explicit-any\b/,
  /```(?:ts|typescript)[ ,](?!ignore\b)\S+/, // Deno knows no other word here, and runs the example all the same
];

/** What only the raw text shows. */
function badMarks(path: string, text: string): string[] {
  return text.split("\n").flatMap((line, index) =>
    MARKS.flatMap((mark) => {
      const found = mark.exec(line);
      return found === null ? [] : [`${path}:${index + 1}: says ${found[0]}`];
    })
  );
}

interface Parsed {
  readonly path: string;
  readonly code: readonly Token[];
}

/** Exactly one file, in timer/, arms the host's timer; nobody uses an interval. */
function misplacedTimers(files: readonly Parsed[]): string[] {
  const namers = (word: string) =>
    files.filter(({ code }) =>
      code.some(({ kind, text }, at) => kind === "word" && text === word && isGlobal(code, at))
    )
      .map(({ path }) => path);
  const found = namers("setInterval").map((path) => `${path}:1: names setInterval`);
  const arming = namers("setTimeout");
  const outside = arming.filter((path) => partOf(path) !== "timer");
  found.push(...outside.map((path) => `${path}:1: names setTimeout outside timer/`));
  if (arming.length > 1) found.push(`${arming.join(", ")}: more than one file names setTimeout`);
  return found;
}

/** At most one file, in net/, stands on `node:tls`, and nobody else on what that one needs beside it. */
function misplacedTls(files: readonly Parsed[]): string[] {
  const usersOf = (module: string) =>
    files.filter(({ code }) => references(code).some(({ specifier }) => specifier === module)).map(({ path }) => path);
  const users = usersOf("node:tls");
  const found = users.filter((path) => partOf(path) !== "net").map((path) =>
    `${path}:1: imports node:tls outside net/`
  );
  if (users.length > 1) found.push(`${users.join(", ")}: more than one file imports node:tls`);
  for (const module of BESIDE_TLS) {
    const others = usersOf(module).filter((path) => !users.includes(path));
    found.push(...others.map((path) => `${path}:1: imports ${module} without node:tls`));
  }
  return found;
}
