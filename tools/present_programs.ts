/**
 * Owns which of the named programs a task may run: prints those that are on `PATH`, joined by commas, as Deno says a line
 * for each permitted program that it can't find, for each file of tests. Must not know what they are for.
 *
 * @module
 */

import { findProgram } from "../tests/programs.ts";

console.log(Deno.args.filter((name) => findProgram(name) !== undefined).join(","));
