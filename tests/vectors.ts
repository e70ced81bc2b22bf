/**
 * Owns where test data is found: what the repository has under `tests/vectors`, and what `AVX_VECTORS` names beside it.
 * Knows nothing of what the data means.
 *
 * @module
 */

const OURS = new URL("./vectors/", import.meta.url);

/** The folder that `AVX_VECTORS` names; `undefined` where it isn't set, or where the environment may not be read. */
function namedFolder(): string | undefined {
  const permission = Deno.permissions.querySync({ name: "env", variable: "AVX_VECTORS" });
  return permission.state === "granted" ? Deno.env.get("AVX_VECTORS") || undefined : undefined;
}

/**
 * Gives the text of a set's file: of the repository's own copy, else of the one that `AVX_VECTORS` has. `undefined` where
 * neither is there and the variable isn't set. Throws where it is set and the file is missing.
 */
export function vectorText(set: string, file: string): string | undefined {
  try {
    return Deno.readTextFileSync(new URL(`${set}/${file}`, OURS));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const folder = namedFolder();
  return folder === undefined ? undefined : Deno.readTextFileSync(`${folder}/${set}/${file}`);
}

/** Gives a set's JSON file, parsed, as {@linkcode vectorText} finds it. */
export function loadVectors<T>(set: string, file: string): T | undefined {
  const text = vectorText(set, file);
  return text === undefined ? undefined : JSON.parse(text) as T;
}

/** Gives a set's file of one JSON value a line, parsed, as {@linkcode vectorText} finds it. */
export function loadVectorLines<T>(set: string, file: string): T[] | undefined {
  return vectorText(set, file)?.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as T);
}

/** Registers a test over a set that `load` gives; without it the test stands in the report as ignored, saying why. */
export function vectorTest<T>(name: string, load: () => T | undefined, run: (data: T) => void | Promise<void>): void {
  let data: T | undefined;
  let failure: unknown;
  try {
    data = load();
  } catch (error) {
    failure = error; // the test is to fail, not the file
  }
  if (failure !== undefined) {
    Deno.test(name, () => {
      throw failure;
    });
  } else if (data === undefined) {
    Deno.test({ name: `${name} (set AVX_VECTORS to run it)`, ignore: true, fn: () => {} });
  } else {
    const found = data;
    Deno.test(name, () => run(found));
  }
}

/** Decodes base64. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** Encodes text of which each character is an octet. */
export function fromLatin1(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Decodes a zlib stream in base64, as long inputs are kept. */
export async function fromDeflatedBase64(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([fromBase64(text)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
