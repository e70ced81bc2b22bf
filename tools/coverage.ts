/**
 * Owns the bounds of coverage: reads an lcov report, adds it up by folder, prints a table, fails below the bounds.
 * Must not know how the report came to be. Run it as `deno task coverage`.
 *
 * @module
 */

import { partOf } from "./architecture.ts";
import { tokens } from "./tokens.ts";

/** Lines that tests must reach, in percent, of all the library. */
export const MIN_OF_ALL = 85;
/** Lines that tests must reach, in percent, of each pure part. */
export const MIN_OF_PURE = 95;
const PURE_PARTS = ["timer/wheel", "json", "hpack", "http/fields", "http1", "http2", "websocket/frame"];

/** The lines of one file or of several: how many can run, and how many did. */
export interface Lines {
  readonly found: number;
  readonly hit: number;
}

/** One row of the table. */
export interface Row extends Lines {
  readonly part: string;
  /** The bound in percent, where the part has one of its own. */
  readonly min: number | undefined;
}

/** Reads what an lcov report says of each file, its path relative to `root` (an absolute path with an ending slash). */
export function readLcov(report: string, root: string): Map<string, Lines> {
  const files = new Map<string, Lines>();
  for (const record of report.split("end_of_record")) {
    const path = /^SF:(.*)$/m.exec(record)?.[1];
    if (path === undefined || !path.startsWith(root)) continue;
    const lines = [...record.matchAll(/^DA:\d+,(\d+)/gm)];
    files.set(path.slice(root.length), { found: lines.length, hit: lines.filter((line) => line[1] !== "0").length });
  }
  return files;
}

/** The lines of a source that hold code which runs: what a file counts as that no test ever loaded. */
export function codeLines(source: string): number {
  const code = tokens(source);
  if (!code.some(({ kind, text }) => kind === "word" && /^(?:function|class|const|let)$/.test(text))) return 0;
  return new Set(code.map(({ line }) => line)).size;
}

/** Adds the files up: a row for each part of the library, one for each pure half of a part, the last for all. */
export function rows(files: ReadonlyMap<string, Lines>): Row[] {
  const sums = new Map<string, { found: number; hit: number }>();
  const add = (part: string, { found, hit }: Lines) => {
    const sum = sums.get(part) ?? { found: 0, hit: 0 };
    sums.set(part, { found: sum.found + found, hit: sum.hit + hit });
  };
  for (const [path, lines] of files) {
    const part = partOf(path);
    if (part === undefined) continue;
    add(part, lines);
    for (const pure of PURE_PARTS) if (pure !== part && path.startsWith(pure)) add(pure, lines);
    add("in all", lines);
  }
  const order = [...sums.keys()].filter((part) => part !== "in all").sort();
  return [...order, "in all"].map((part) => {
    const { found, hit } = sums.get(part) ?? { found: 0, hit: 0 };
    return {
      part,
      found,
      hit,
      min: part === "in all" ? MIN_OF_ALL : PURE_PARTS.includes(part) ? MIN_OF_PURE : undefined,
    };
  });
}

/** The share of lines hit, in percent; of nothing it is 0. */
export function percent({ found, hit }: Lines): number {
  return found === 0 ? 0 : hit / found * 100;
}

/** The row as a line of the table. */
export function format(row: Row): string {
  const share = `${percent(row).toFixed(1).padStart(6)} %`;
  const bound = row.min === undefined ? "" : `  (at least ${row.min} %${isBelow(row) ? ": BELOW" : ""})`;
  return `${row.part.padEnd(16)} ${share} ${`${row.hit}/${row.found}`.padStart(12)} lines${bound}`;
}

/** Whether the row misses its bound. */
export function isBelow(row: Row): boolean {
  return row.min !== undefined && percent(row) < row.min;
}

/** Every file of the library under the folder, relative to the root. */
function* libraryFiles(root: URL, folder = ""): Generator<string> {
  for (const { isDirectory, name } of Deno.readDirSync(new URL(folder, root))) {
    const path = folder + name;
    if (partOf(path) === undefined) continue;
    if (isDirectory) yield* libraryFiles(root, `${path}/`);
    else if (path.endsWith(".ts")) yield path;
  }
}

if (import.meta.main) {
  const root = new URL("../", import.meta.url);
  const [report] = Deno.args;
  if (report === undefined) throw new TypeError("Cannot read coverage as a report's path is needed");
  const files = readLcov(Deno.readTextFileSync(report), decodeURIComponent(root.pathname));
  for (const path of libraryFiles(root)) {
    if (files.has(path)) continue;
    const found = codeLines(Deno.readTextFileSync(new URL(path, root)));
    if (found === 0) continue;
    console.log(`${path}: no test loads it`);
    files.set(path, { found, hit: 0 });
  }
  const table = rows(files);
  for (const row of table) console.log(format(row));
  if (table.some(isBelow)) Deno.exit(1);
}
