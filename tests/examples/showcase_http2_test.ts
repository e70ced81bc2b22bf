/**
 * Owns the tests of the showcase's versions and of its TLS: who may speak what on its port, asked by curl and nghttp.
 *
 * @module
 */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { selfSigned } from "../../examples/showcase/certificate.ts";
import { programTest } from "../programs.ts";
import { exampleCommand, ServerProgram, WORKERS_FLAGS } from "./program.ts";
import { commandsOn, shell } from "./shell.ts";

const SHOWCASE = "showcase/main.ts";

/** Starts the showcase on a free port. */
async function start(...args: readonly string[]): Promise<ServerProgram> {
  return await ServerProgram.start(SHOWCASE, ["--port", "0", ...args]);
}

/** Asks for `/json` by curl, and gives what curl and the showcase say of the version; `0` is no answer. */
async function asked({ origin }: ServerProgram, options: string): Promise<string> {
  const { stdout } = await shell(`curl -s ${options} -w ' %{http_version}' ${origin}/json`);
  const protocol = /"protocol":"([^"]*)"/.exec(stdout)?.[1] ?? "none";
  return `${stdout.split(" ").at(-1)} ${protocol}`;
}

/** What curl is told, what it and the showcase say then, and on which showcase. */
const VERSIONS: readonly { args: readonly string[]; answers: Readonly<Record<string, string>> }[] = [
  {
    args: [],
    answers: {
      "": "1.1 HTTP/1.1",
      "--http1.0": "1.1 HTTP/1.0",
      "--http2": "1.1 HTTP/1.1", // an upgrade to h2c, which RFC 9113 has done away with, is ignored
      "--http2-prior-knowledge": "2 HTTP/2",
    },
  },
  {
    args: ["--protocols", "h2"],
    answers: { "": "0 none", "--http2": "0 none", "--http2-prior-knowledge": "2 HTTP/2" },
  },
  {
    args: ["--protocols", "http/1.1"],
    answers: { "": "1.1 HTTP/1.1", "--http2": "1.1 HTTP/1.1", "--http2-prior-knowledge": "0 none" },
  },
  {
    args: ["--tls"],
    answers: { "-k": "2 HTTP/2", "-k --http1.1": "1.1 HTTP/1.1", "-k --no-alpn": "1.1 HTTP/1.1", "": "0 none" },
  },
  {
    args: ["--tls", "--protocols", "h2"],
    answers: { "-k": "2 HTTP/2", "-k --http1.1": "0 none" },
  },
  {
    args: ["--tls", "--protocols", "http/1.1"],
    answers: { "-k": "1.1 HTTP/1.1" },
  },
];

for (const { args, answers } of VERSIONS) {
  programTest(
    `the showcase speaks to curl what '${args.join(" ")}' lets it speak`,
    { programs: ["deno", "curl"] },
    async () => {
      await using program = await start(...args);
      assertMatch(program.line, args.includes("--tls") ? /^Listening on https:/ : /^Listening on http:/);
      const heard = Object.keys(answers).map(async (options) => [options, await asked(program, options)]);
      assertEquals(Object.fromEntries(await Promise.all(heard)), answers);
      program.signal("SIGTERM");
      assertEquals(await program.ended(), { code: 0, stderr: "" });
    },
  );
}

programTest("the showcase's workers speak HTTP/2, with TLS and without", { programs: ["deno", "curl"] }, async () => {
  for (const [flags, options] of [[["--tls"], "-k"], [["--protocols", "h2"], "--http2-prior-knowledge"]] as const) {
    const args = ["--port", "0", "--workers", "2", ...flags];
    await using program = await ServerProgram.start(SHOWCASE, args, WORKERS_FLAGS);
    assertEquals(await asked(program, options), "2 HTTP/2");
    program.signal("SIGTERM");
    assertEquals(await program.ended(), { code: 0, stderr: "" });
  }
});

for (const [args, insecure] of [[["--protocols", "h2"], ""], [[], ""], [["--tls"], " by ALPN"]] as const) {
  programTest(
    `nghttp gets 20 answers over one connection from the showcase with '${args.join(" ")}'${insecure}`,
    { programs: ["deno", "nghttp"] },
    async () => {
      await using program = await start(...args);
      const { code, stdout } = await shell(`nghttp --no-verify-peer -m20 -nv ${program.origin}/hello 2>&1`);
      assertEquals(code, 0, stdout);
      assertEquals(stdout.match(/:status: 200/g)?.length, 20, stdout);
      assertEquals(stdout.includes("The negotiated protocol: h2"), args[0] === "--tls");
      assertEquals(/RST_STREAM|error_code=(?!NO_ERROR)/.exec(stdout), null, stdout);
    },
  );
}

/** What curl prints for some of the page's commands, by a part of them. */
const PRINTED: readonly (readonly [part: string, printed: RegExp])[] = [
  ["/hello ", /^HTTP\/2 200 \r\n[^]*\r\n\r\nHello, World!\n$/],
  ["/json ", /^HTTP\/2 200 \r\n[^]*"protocol":"HTTP\/2"/],
  ["/echo ", /^HTTP\/2 200 \r\n[^]*\r\n\r\nRead me back$/],
  ["/upload ", /^\{"bytes":[1-9]\d*,"sha256":"[0-9a-f]{64}"/],
  ["/trailers ", /^HTTP\/2 200 \r\n[^]*\ncontent-digest: sha-256=:[\w+/]{43}=:\r\n/],
  ["/hints ", /^HTTP\/2 103 \r\nlink: [^]*\r\n\r\nHTTP\/2 200 \r\n/],
  ["/status/418 ", /^HTTP\/2 418 \r\n[^]*418 /],
  ["%08999d", /^HTTP\/2 414 \r\n/],
  ["%020000d", /^HTTP\/2 431 \r\n/],
];

for (const [args, options] of [[["--protocols", "h2"], "--http2-prior-knowledge"], [["--tls"], "-k"]] as const) {
  programTest(
    `the page and its commands are HTTP/2's where it is read over that (${args.join(" ")})`,
    { programs: ["deno", "curl"] },
    async () => {
      await using program = await start(...args);
      const page = (await shell(`curl -s ${options} ${program.origin}/`)).stdout;
      assertStringIncludes(page, "You just spoke HTTP/2 with");
      for (const name of [":method", ":scheme", ":authority", ":path", ":status"]) {
        assertStringIncludes(page, `<b>${name}:</b>`);
      }
      assertEquals(page.includes("<b>host:</b>"), false);
      const commands = commandsOn(page);
      assertEquals(commands.filter((command) => !command.startsWith(`curl ${options} `)), []);
      await Promise.all(PRINTED.map(async ([part, printed]) => {
        const command = commands.find((command) => `${command} `.includes(part));
        const { code, stdout } = await shell(`${command} -sS`);
        assertEquals(code, 0, command);
        assertMatch(stdout, printed, command);
      }));
    },
  );
}

programTest(
  "the page read by HTTP/1.1 over TLS has commands that do so too",
  { programs: ["deno", "curl"] },
  async () => {
    await using program = await start("--tls");
    const commands = commandsOn((await shell(`curl -s -k --http1.1 ${program.origin}/`)).stdout);
    assertEquals(commands.filter((command) => !command.startsWith("curl -k --http1.1 ")), []);
    const { stdout } = await shell(`${commands[0]} -sS`);
    assertMatch(stdout, /^HTTP\/1\.1 200 OK\r\n/);
  },
);

/** Files of their own, which are gone when the test is. */
class Files implements AsyncDisposable {
  readonly #folder = Deno.makeTempDirSync({ dir: "/tmp", prefix: "avx-http-showcase-" });

  write(name: string, text: string): string {
    Deno.writeTextFileSync(`${this.#folder}/${name}`, text);
    return `${this.#folder}/${name}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
  }
}

programTest("the showcase is who --cert and --key say", { programs: ["deno", "curl"] }, async () => {
  await using files = new Files();
  const pair = await selfSigned();
  const [cert, key] = [files.write("cert.pem", pair.cert), files.write("key.pem", pair.key)];
  const args = ["--port", "0", "--cert", cert, "--key", key];
  await using program = await ServerProgram.start(SHOWCASE, args, ["--allow-read=/tmp"]);
  assertEquals(await asked(program, `--cacert ${cert}`), "2 HTTP/2");
});

programTest("the showcase ends with 2 and one line for a pair that it can't use", { programs: ["deno"] }, async () => {
  await using files = new Files();
  const [one, other] = [await selfSigned(), await selfSigned()];
  const [cert, key] = [files.write("cert.pem", one.cert), files.write("key.pem", other.key)];
  const cases = [
    [cert, `${key}.not`, /^Cannot read --key "\S+key\.pem\.not" as there is no such file\n$/],
    ["/tmp", key, /^Cannot read --cert "\/tmp" as it is a folder\n$/],
    ["/etc/hosts", key, /^Cannot read --cert "\/etc\/hosts" as deno was started without --allow-read for it\n$/],
    [key, key, /^Cannot listen on 127\.0\.0\.1 port 0 as no TLS can be spoken by this certificate and this key\n$/],
    [cert, key, /^Cannot listen on 127\.0\.0\.1 port 0 as the key is another certificate's\n$/],
  ] as const;
  await Promise.all(cases.map(async ([cert, key, line]) => {
    const args = ["--port", "0", "--cert", cert, "--key", key];
    const { code, stdout, stderr } = await exampleCommand(SHOWCASE, args, ["--allow-read=/tmp"]).output();
    assertEquals([code, new TextDecoder().decode(stdout)], [2, ""]);
    assertMatch(new TextDecoder().decode(stderr), line);
  }));
});
