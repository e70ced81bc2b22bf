/**
 * Owns the paths that choose values of a text, a part of JSONPath (RFC 9535); knows nothing of bytes.
 *
 * @module
 */

/** One step of a path: a member's name, an element's index, or any child. */
export type PathStep = string | number | typeof ANY;

/** The step that any child takes. */
export const ANY: unique symbol = Symbol("*");

const NAME = /^\.([\p{L}_\u0080-\u{10ffff}][\p{L}\p{N}_\u0080-\u{10ffff}]*)/u;
const INDEX = /^\[(0|[1-9][0-9]{0,14})\]/;
const QUOTED = /^\[("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\]/u;
const WILDCARD = /^(?:\.\*|\[\*\])/;

/**
 * Reads a path: `$`, then any of `.name`, `["name"]`, `['name']`, `[0]`, `.*` and `[*]`.
 *
 * @throws {TypeError} If it is none. What would need the whole text in memory (filters, slices, `..`, negative indexes)
 * is none.
 */
export function readPath(path: string): PathStep[] {
  const steps: PathStep[] = [];
  let rest = path.startsWith("$") ? path.slice(1) : undefined;
  while (rest) {
    const [used, step] = readStep(rest);
    if (used === 0) rest = undefined;
    else {
      steps.push(step);
      rest = rest.slice(used);
    }
  }
  if (rest === "") return steps;
  throw new TypeError(
    `Cannot read path as it must be '$' and steps of .name, ["name"], [0], .* or [*]: received ${path}`,
  );
}

function readStep(rest: string): [used: number, step: PathStep] {
  const wildcard = WILDCARD.exec(rest);
  if (wildcard) return [wildcard[0].length, ANY];
  const index = INDEX.exec(rest);
  if (index?.[1] !== undefined) return [index[0].length, Number(index[1])];
  const name = NAME.exec(rest);
  if (name?.[1] !== undefined) return [name[0].length, name[1]];
  const quoted = QUOTED.exec(rest);
  const text = quoted?.[1] === undefined ? undefined : unquote(quoted[1]);
  return quoted === null || text === undefined ? [0, ANY] : [quoted[0].length, text];
}

/** Gives the name in quotes of either kind; `undefined` where an escape is none of JSON's. */
function unquote(quoted: string): string | undefined {
  const inner = quoted.slice(1, -1);
  const json = quoted.startsWith("'")
    ? inner.replaceAll(/\\[^]|"/g, (text) => text === "\\'" ? "'" : text === '"' ? '\\"' : text)
    : inner;
  try {
    return String(JSON.parse(`"${json}"`));
  } catch {
    return undefined;
  }
}
