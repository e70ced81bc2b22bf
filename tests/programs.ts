/**
 * Owns the rule for tests that need a program of the machine (curl, chromium, openssl…): skipped with a visible line where
 * it is missing, failed where it is missing and `CI` is set. Must not know what the programs are for.
 *
 * @module
 */

/** The path of a program on `PATH`, or `undefined`. Needs permission to read it and to read the variable. */
export function findProgram(name: string): string | undefined {
  const windows = Deno.build.os === "windows";
  for (const folder of (Deno.env.get("PATH") ?? "").split(windows ? ";" : ":").filter((part) => part !== "")) {
    const path = `${folder}/${name}${windows ? ".exe" : ""}`;
    try {
      if (Deno.statSync(path).isFile) return path;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) throw error;
    }
  }
  return undefined;
}

/** The options of {@linkcode programTest}: those of `Deno.test`, and the programs. */
export interface ProgramTestOptions extends Omit<Deno.TestDefinition, "fn" | "name"> {
  /** The names of the programs that must be on `PATH`. */
  readonly programs: readonly string[];
}

/** Declares a test that needs programs. Its function may spawn each of them by its bare name. */
export function programTest(
  name: string,
  { programs, ...options }: ProgramTestOptions,
  fn: (test: Deno.TestContext) => void | Promise<void>,
): void {
  const missing = programs.filter((program) => findProgram(program) === undefined);
  if (missing.length === 0) return Deno.test({ ...options, name, fn });
  const reason = `${missing.join(", ")} not found on PATH`;
  if (isSet("CI")) {
    return Deno.test({ ...options, name, fn: () => Promise.reject(new Error(`Cannot run test as ${reason}`)) });
  }
  console.warn(`skipped: ${name}: ${reason}`);
  Deno.test({ ...options, name, ignore: true, fn });
}

/** Whether the variable is there and not empty. */
function isSet(variable: string): boolean {
  return (Deno.env.get(variable) ?? "") !== "";
}
