/**
 * Owns a scanner that splits TypeScript into tokens, so that checks see code and never comments or the text of strings.
 * Must not know what anyone looks for in them.
 *
 * @module
 */

/** One token of a source; comments and white space give none. */
export interface Token {
  /** What it is: `template` is the literal text of a template, one token a piece. */
  readonly kind: "word" | "string" | "template" | "regex" | "mark";
  /** Its text; of a string, what stands between the quotes. */
  readonly text: string;
  /** The line it begins on, from 1. */
  readonly line: number;
}

const SPACE = /\s+/y;
const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?\*\//y;
const WORD = /[\p{ID_Start}$_#][\p{ID_Continue}$]*|\d[\w.]*/uy;
const STRING = /"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*'/y;
const TEMPLATE = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*/y;
const REGEX = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/\w*/y;
/** After these a slash divides; after other words it begins a regular expression. */
const ENDS_VALUE = /^(?!(?:return|typeof|case|in|of|delete|void|throw|new|do|else|yield|await|instanceof)$)/;

/** Splits a source into its tokens. Throws {@linkcode SyntaxError} where a string or template has no end. */
export function tokens(source: string): Token[] {
  const found: Token[] = [];
  /** For each open template, how many braces are open in its `${…}`. */
  const templates: number[] = [];
  let at = 0;
  let line = 1;

  function match(pattern: RegExp): string | undefined {
    pattern.lastIndex = at;
    const text = pattern.exec(source)?.[0];
    return text;
  }
  function take(kind: Token["kind"] | "nothing", length: number, text: string): void {
    if (kind !== "nothing") found.push({ kind, text, line });
    for (let i = at; i < at + length; i++) if (source[i] === "\n") line++;
    at += length;
  }
  function takeTemplate(): void {
    const text = match(TEMPLATE) ?? "";
    take("template", text.length, text);
    if (source[at] === "`") return take("nothing", 1, "");
    if (at === source.length) throw new SyntaxError(`Cannot scan source as its template has no end: line ${line}`);
    take("nothing", 2, ""); // ${
    templates.push(0);
  }
  function dividesHere(): boolean {
    const last = found.at(-1);
    if (last === undefined) return false;
    if (last.kind === "mark") return last.text === ")" || last.text === "]" || last.text === "}";
    return last.kind !== "word" || ENDS_VALUE.test(last.text);
  }

  while (at < source.length) {
    const skipped = match(SPACE) ?? match(COMMENT);
    if (skipped !== undefined) {
      take("nothing", skipped.length, "");
      continue;
    }
    const char = source[at]!;
    const word = match(WORD);
    if (word !== undefined) {
      take("word", word.length, word);
    } else if (char === '"' || char === "'") {
      const text = match(STRING);
      if (text === undefined) throw new SyntaxError(`Cannot scan source as its string has no end: line ${line}`);
      take("string", text.length, text.slice(1, -1));
    } else if (char === "`") {
      take("nothing", 1, "");
      takeTemplate();
    } else if (char === "/" && !dividesHere() && match(REGEX) !== undefined) {
      const text = match(REGEX)!;
      take("regex", text.length, text);
    } else {
      const open = templates.at(-1);
      if (open === 0 && char === "}") {
        templates.pop();
        take("nothing", 1, "");
        takeTemplate();
        continue;
      }
      if (open !== undefined && char === "{") templates[templates.length - 1] = open + 1;
      if (open !== undefined && char === "}") templates[templates.length - 1] = open - 1;
      take("mark", 1, char);
    }
  }
  return found;
}

/** A module that a source names in an import, an export or a dynamic import. */
export interface Reference {
  /** The specifier as written; `undefined` for a dynamic import of something other than one string. */
  readonly specifier: string | undefined;
  /** The line of the statement, from 1. */
  readonly line: number;
}

/** Finds every module that the source refers to: static, side-effect, re-exporting, `import type`, `import()`. */
export function references(source: readonly Token[]): Reference[] {
  const found: Reference[] = [];
  source.forEach(({ kind, text, line }, at) => {
    if (kind !== "word" || source[at - 1]?.text === ".") return;
    if (text === "import") {
      const reference = ofImport(source, at + 1);
      if (reference !== null) found.push({ specifier: reference, line });
    }
    if (text === "export") {
      const specifier = ofExport(source, at + 1);
      if (specifier !== undefined) found.push({ specifier, line });
    }
  });
  return found;
}

/** The specifier of the import whose keyword stands before `at`; `null` where it is `import.meta`. */
function ofImport(source: readonly Token[], at: number): string | undefined | null {
  const next = source[at];
  if (next?.text === "." && next.kind === "mark") return null;
  if (next?.text === "(" && next.kind === "mark") {
    const argument = source[at + 1];
    const end = source[at + 2]?.text;
    return argument?.kind === "string" && (end === ")" || end === ",") ? argument.text : undefined;
  }
  for (let i = at; i < source.length; i++) if (source[i]!.kind === "string") return source[i]!.text;
  return undefined;
}

/** The specifier of the `export … from` whose keyword stands before `at`, if it is one. */
function ofExport(source: readonly Token[], at: number): string | undefined {
  let i = at;
  if (source[i]?.text === "type") i++;
  if (source[i]?.text === "{") {
    while (i < source.length && source[i]!.text !== "}") i++;
  } else if (source[i]?.text !== "*") {
    return undefined;
  }
  for (i++; i < source.length && i < at + 2_000; i++) {
    const { kind, text } = source[i]!;
    if (kind === "word" && text === "from") return source[i + 1]?.kind === "string" ? source[i + 1]!.text : undefined;
    if (kind !== "word" || (text !== "as" && source[i - 1]!.text !== "as")) return undefined;
  }
  return undefined;
}
