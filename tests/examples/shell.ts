/**
 * Owns how tests of the examples type into a shell, and find what to type on the showcase's page. Knows nothing of routes.
 *
 * @module
 */

/** Runs a line of shell; a Deno of its own does, so that these tests need no permission for all programs. */
export async function shell(line: string): Promise<{ code: number; stdout: string }> {
  const script = `const { code, stdout } = await new Deno.Command("sh", { args: ["-c", ${
    JSON.stringify(line)
  }] }).output();
    await Deno.stdout.write(stdout);
    Deno.exit(code);`;
  const { code, stdout } = await new Deno.Command("deno", { args: ["eval", "--no-lock", script] }).output();
  return { code, stdout: new TextDecoder().decode(stdout) };
}

/** The commands on a page, as their buttons copy them. */
export function commandsOn(html: string): readonly string[] {
  return Array.from(
    html.matchAll(/data-copy="([^"]*)"/g),
    ([, command = ""]) =>
      command.replaceAll("&quot;", '"').replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&"),
  );
}
