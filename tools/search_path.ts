/**
 * Owns the `PATH` of tasks that start Deno by its name: this very Deno's folder comes first, as what npm puts there may be
 * a script that passes no signals on. Must not know who starts it.
 *
 * @module
 */

import { delimiter, dirname } from "node:path";

console.log(dirname(Deno.execPath()) + delimiter + (Deno.env.get("PATH") ?? ""));
