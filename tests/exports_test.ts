/**
 * Owns the list of what each public module exports as values, so that a name comes or goes only on purpose.
 * Must not know what the names do.
 *
 * @module
 */

import { assertEquals } from "@std/assert";

/** The values that each public module exports, in alphabetical order. */
const EXPORTS: Readonly<Record<string, readonly string[]>> = {
  ".": [
    "ManualClock",
    "Scheduler",
    "Timer",
    "deadline",
    "scheduler",
    "sleep",
    "systemClock",
    "timeout",
  ],
};

const ROOT = new URL("../", import.meta.url);
const config: { exports: Record<string, string> } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", ROOT)));

for (const [path, file] of Object.entries(config.exports)) {
  Deno.test(`@avx/http${path.slice(1)} exports what its list says`, async () => {
    const module: Record<string, unknown> = await import(new URL(file, ROOT).href);
    assertEquals(Object.keys(module).sort(), [...EXPORTS[path] ?? []].sort());
  });
}

Deno.test("each public folder's mod.ts is an export, and nothing else is", () => {
  const folders = [...Deno.readDirSync(ROOT)].filter(({ isDirectory, name }) =>
    isDirectory && !/^[.]|^tests$/.test(name)
  );
  const candidates = [".", ...folders.flatMap(({ name }) => [name, ...subfolders(name)])];
  const modules = candidates.map((folder) => folder === "." ? "./mod.ts" : `./${folder}/mod.ts`).filter(exists);
  assertEquals(Object.values(config.exports).sort(), modules.sort());
  assertEquals(Object.keys(config.exports).sort(), Object.keys(EXPORTS).sort());
});

function subfolders(folder: string): string[] {
  return [...Deno.readDirSync(new URL(`${folder}/`, ROOT))].filter(({ isDirectory }) => isDirectory)
    .map(({ name }) => `${folder}/${name}`);
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(new URL(path, ROOT)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
