/**
 * Owns the proof of how wrk and curl are called and read. Runs neither.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { curlCall, readCurl } from "../../bench/load/curl.ts";
import { readVersion } from "../../bench/load/facts.ts";
import { MissingProgramError } from "../../bench/load/process.ts";
import { readWrk, wrkCall } from "../../bench/load/wrk.ts";

const WRK = `Running 1s test @ http://127.0.0.1:39479/
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   293.79us  191.67us   3.06ms   92.45%
    Req/Sec   129.90k    15.19k  156.34k    60.00%
  129121 requests in 1.00s, 15.88MB read
Requests/sec: 128704.00
Transfer/sec:     15.83MB
`;

Deno.test("readWrk() takes requests a second over the whole run, not a thread's average", () => {
  assertEquals(readWrk(WRK), 128704);
});

Deno.test("readWrk() trusts no figure beside socket errors or refusals", () => {
  const errors = "  Socket errors: connect 0, read 12, write 0, timeout 3\n";
  const refusals = "  Non-2xx or 3xx responses: 56507\n";
  const cut = WRK.indexOf("Requests/sec");
  const among = (line: string) => WRK.slice(0, cut) + line + WRK.slice(cut);
  assertThrows(() => readWrk(among(errors)), Error, "Socket errors: connect 0, read 12, write 0, timeout 3");
  assertThrows(() => readWrk(among(refusals)), Error, "Non-2xx or 3xx responses: 56507");
});

Deno.test("readWrk() refuses an output without a figure above 0", () => {
  assertThrows(() => readWrk("unable to connect to 127.0.0.1:1 Connection refused\n"), Error, "Connection refused");
  assertThrows(() => readWrk(WRK.replace("128704.00", "     0.00")), Error, "must be above 0");
});

Deno.test("wrkCall() asks plainly without a script where it can", () => {
  assertEquals(wrkCall({ connections: 64 }, 8080, 5), {
    program: "wrk",
    args: ["-t1", "-c64", "-d5s", "http://127.0.0.1:8080/"],
  });
  assertEquals(wrkCall({ connections: 2, path: "/a?b=1", headers: { accept: "*/*", cookie: "a=1" } }, 80, 1).args, [
    "-t1",
    "-c2",
    "-d1s",
    "-H",
    "accept: */*",
    "-H",
    "cookie: a=1",
    "http://127.0.0.1:80/a?b=1",
  ]);
});

Deno.test("wrkCall() gives the script its depth, method and body behind the URL", () => {
  const behind = (args: readonly string[]) => args.slice(args.indexOf("--") + 1);
  const pipelined = wrkCall({ connections: 64, pipelined: 16 }, 80, 1).args;
  assertEquals(behind(pipelined), ["16", "GET"]);
  assertEquals(pipelined.some((arg) => arg.endsWith("/bench/load/wrk/wire.lua")), true);
  assertEquals(behind(wrkCall({ connections: 1, method: "POST", body: '{"a":1}' }, 80, 1).args), [
    "1",
    "POST",
    '{"a":1}',
  ]);
});

Deno.test("readCurl() gives the speed of each transfer", () => {
  assertEquals(readCurl("200 1000 1250000000\n200 1000 900000000\n", 1000), [1.25e9, 9e8]);
});

Deno.test("readCurl() trusts no transfer that failed, fell short or said nothing", () => {
  assertThrows(() => readCurl("200 1000 5\n500 1000 5\n", 1000), Error, "received '500 1000 5'");
  assertThrows(() => readCurl("200 999 5\n", 1000), Error, "must be '200 1000 <speed>': received '200 999 5'");
  assertThrows(() => readCurl("200 1000 0\n", 1000), Error, "received '200 1000 0'");
  assertThrows(() => readCurl("200 1000\n", 1000), Error, "received '200 1000'");
  assertThrows(() => readCurl("", 1000), Error, "received ''");
});

Deno.test("curlCall() measures the direction that it transfers, several times in one process", () => {
  const down = curlCall({ down: 1000 }, 80).args;
  const up = curlCall({ up: 1000, file: "/tmp/some" }, 80).args;
  assertEquals(down.filter((arg) => arg.startsWith("http:")).length, 4);
  assertEquals(down.includes("-T"), false);
  assertEquals(down[2], "%{stderr}%{http_code} %{size_download} %{speed_download}\\n");
  assertEquals(up.filter((arg) => arg === "/tmp/some").length, 4);
  assertEquals(up[2], "%{stderr}%{http_code} %{size_upload} %{speed_upload}\\n");
});

Deno.test("curlCall() makes one transfer of HTTP/2 a process, known beforehand", () => {
  const { args } = curlCall({ down: 1000, http2: true }, 80);
  assertEquals(args.filter((arg) => arg === "--http2-prior-knowledge").length, 1);
  assertEquals(args.filter((arg) => arg.startsWith("http:")).length, 1);
  assertEquals(curlCall({ down: 1000 }, 80).args.includes("--http2-prior-knowledge"), false);
});

Deno.test("readVersion() takes the version of each program", () => {
  assertEquals(readVersion("wrk", "wrk debian/4.1.0-3+b2 [epoll] Copyright (C) 2012 Will Glozer"), "debian/4.1.0-3+b2");
  assertEquals(readVersion("curl", "curl 7.88.1 (x86_64-pc-linux-gnu) libcurl/7.88.1"), "7.88.1");
  assertEquals(readVersion("node", "v20.20.2"), "v20.20.2");
  assertEquals(readVersion("h2load", "h2load nghttp2/1.52.0"), "nghttp2/1.52.0");
  assertEquals(readVersion("nghttpd", "nghttpd nghttp2/1.52.0"), "nghttp2/1.52.0");
});

Deno.test("readVersion() is not taken in by Deno, which runs itself where there is no node", () => {
  assertThrows(
    () => readVersion("node", "deno 2.9.6 (stable, release, x86_64-unknown-linux-gnu)"),
    MissingProgramError,
    "Cannot run 'node' as it is not found: install Debian's package 'nodejs'",
  );
});
