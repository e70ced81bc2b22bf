import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { type EndSignal, run } from "../../runtime/mod.ts";
import { programTest } from "../programs.ts";
import { FakeProcess } from "./fake_process.ts";

Deno.test("run() exits with what main gives, 0 if that is nothing", async () => {
  for (const [given, code] of [[undefined, 0], [0, 0], [2, 2], [255, 255]] as const) {
    const process = new FakeProcess();
    assertEquals(await run(() => Promise.resolve(given), { process }), code);
    assertEquals(await run(() => given, { process }), code);
    assertEquals([process.exits, process.printed, process.listeners], [[code, code], [], 0]);
  }
});

Deno.test("run() prints what main fails with, and exits with 1", async () => {
  const error = new Error("no such file");
  for (
    const main of [() => Promise.reject(error), () => {
      throw error;
    }]
  ) {
    const process = new FakeProcess();
    assertEquals(await run(main, { process }), 1);
    assertEquals([process.exits, process.printed, process.listeners], [[1], [error], 0]);
  }
});

Deno.test("run() takes an exit code that is none for a failure", async () => {
  for (const code of [-1, 256, 1.5, NaN, Infinity]) {
    const process = new FakeProcess();
    await run(() => code, { process });
    assertEquals(process.exits, [1]);
    assertInstanceOf(process.printed[0], RangeError);
    assertEquals(
      process.printed[0].message,
      `Cannot end the program as its exit code must be 0 to 255: received ${code}`,
    );
  }
});

Deno.test("the first signal aborts main's signal, and main ends as it likes", async () => {
  for (const name of ["SIGINT", "SIGTERM", "SIGBREAK"] satisfies EndSignal[]) {
    const process = new FakeProcess();
    const log: unknown[] = [];
    const code = run(async (signal) => {
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      log.push(signal.reason.name, signal.reason.message, process.exits.length);
      return 3;
    }, { process });
    process.send(name);
    assertEquals(await code, 3);
    assertEquals(log, ["AbortError", `The process was asked to end by ${name}`, 0]);
    assertEquals([process.exits, process.printed], [[3], []]);
  }
});

Deno.test("main's rejection with its own abort is no failure, another error is", async () => {
  const rejecting = (error: (signal: AbortSignal) => unknown) => {
    const process = new FakeProcess();
    const code = run(
      (signal) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(error(signal)))),
      {
        process,
      },
    );
    process.send("SIGTERM");
    return code.then((code) => ({ code, printed: process.printed }));
  };
  assertEquals(await rejecting((signal) => signal.reason), { code: 0, printed: [] });
  assertEquals(await rejecting(() => new DOMException("gone", "AbortError")), { code: 0, printed: [] });
  assertEquals(await rejecting(() => "broken"), { code: 1, printed: ["broken"] });
});

Deno.test("the second signal exits at once, with 128 and the signal's number", async () => {
  for (const [name, code] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGBREAK", 149]] as const) {
    const process = new FakeProcess();
    const { promise, resolve } = Promise.withResolvers<void>();
    const ended = run(() => promise, { process });
    process.send("SIGINT");
    assertEquals(process.exits, []);
    process.send(name);
    assertEquals(process.exits, [code]);
    resolve();
    await ended;
  }
});

const PROGRAM = `
  import { run } from ${JSON.stringify(import.meta.resolve("../../runtime/mod.ts"))};
  await run(async (signal) => {
    setInterval(() => {}, 1_000);
    console.log("ready");
    await new Promise((resolve) => {
      signal.addEventListener("abort", () => {
        console.log("ending");
        if (Deno.args[0] === "graceful") resolve();
      });
    });
  });
`;

/** Runs the program, sends it each signal when it has printed the line before, and gives how it ended. */
async function runAndSend(how: string, signals: Deno.Signal[]): Promise<{ code: number; output: string }> {
  const child = new Deno.Command("deno", { args: ["eval", "--no-lock", "--ext=ts", PROGRAM, how], stdout: "piped" })
    .spawn();
  let output = "";
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    output += chunk;
    const next = signals.shift();
    if (next !== undefined) child.kill(next);
  }
  return { code: (await child.status).code, output };
}

programTest("a real process ends well on one signal, with 130 or 143 on a second", {
  programs: ["deno"],
  ignore: Deno.build.os === "windows", // where a signal sent by a program ends the other at once
}, async () => {
  assertEquals(await runAndSend("graceful", ["SIGTERM"]), { code: 0, output: "ready\nending\n" });
  assertEquals(await runAndSend("graceful", ["SIGINT"]), { code: 0, output: "ready\nending\n" });
  assertEquals(await runAndSend("stubborn", ["SIGTERM", "SIGINT"]), { code: 130, output: "ready\nending\n" });
  assertEquals(await runAndSend("stubborn", ["SIGINT", "SIGTERM"]), { code: 143, output: "ready\nending\n" });
});

programTest("a real process that fails prints why and exits with 1", { programs: ["deno"] }, async () => {
  const code = `
    import { run } from ${JSON.stringify(import.meta.resolve("../../runtime/mod.ts"))};
    setInterval(() => {}, 1_000);
    await run(() => Promise.reject(new Error("no such file")));
  `;
  const output = await new Deno.Command("deno", { args: ["eval", "--no-lock", "--ext=ts", code] }).output();
  assertEquals(output.code, 1);
  assert(new TextDecoder().decode(output.stderr).includes("no such file"));
});
