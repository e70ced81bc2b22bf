/**
 * Owns the proof that workers find the library wherever it was imported from: here from a server, as from a registry.
 * Knows nothing of what they do.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { programTest } from "../programs.ts";

const ROOT = new URL("../../", import.meta.url);

/** Serves the library's files, as a registry does. */
function serveFiles(): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { pathname } = new URL(request.url);
    const file = pathname === "/app.ts"
      ? new TextEncoder().encode(APP)
      : await Deno.readFile(new URL(`.${pathname}`, ROOT));
    return new Response(file, { headers: { "content-type": "application/typescript" } });
  });
}

const APP = "export default { fetch: () => new Response(`from ${new URL(import.meta.url).pathname}`) };";

/** What a program of the registry's users might do. */
function program(origin: string): string {
  return `import { serve, WorkerPool } from "${origin}/mod.ts";
    const module = "${origin}/app.ts";
    await using server = await serve({ module, workers: 2, port: 0, hostname: "127.0.0.1", onListen() {} });
    await server.reload();
    const response = await fetch(\`http://127.0.0.1:\${server.addr.port}/\`);
    const pool = await WorkerPool.start("data:text/javascript,export const twice = (x) => 2 * x", { workers: 1 });
    console.log(await response.text(), await pool.call("twice", [21]));
    await pool.shutdown();`;
}

programTest("workers run where the library and the module are imported from a server, with no right to read files", {
  programs: ["deno"],
  ignore: Deno.build.os !== "linux",
}, async () => {
  const folder = await Deno.makeTempDir({ dir: "/tmp", prefix: "avx-http-test-" });
  await using files = serveFiles();
  try {
    const { port } = files.addr;
    await Deno.writeTextFile(`${folder}/program.ts`, program(`http://127.0.0.1:${port}`));
    const flags = ["--no-prompt", "--no-config", "--no-lock", "--unstable-net", "--quiet", "--no-check"];
    const rights = ["--allow-net=127.0.0.1", `--allow-import=127.0.0.1:${port}`];
    const { code, stdout, stderr } = await new Deno.Command("deno", {
      args: ["run", ...flags, ...rights, "--reload=http://127.0.0.1", `${folder}/program.ts`],
      env: { NO_COLOR: "1" },
    }).output();
    const decoder = new TextDecoder();
    assertEquals([decoder.decode(stderr), decoder.decode(stdout), code], ["", "from /app.ts 42\n", 0]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
