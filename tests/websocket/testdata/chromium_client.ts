/**
 * Owns a page in headless Chromium that talks by Chromium's own WebSocket, as a program: given the origin of a server, it
 * prints what the page saw, as JSON. Must not know what is right: the test judges.
 *
 * @module
 */

import { chromium } from "npm:playwright-core@^1.65.1";

const [executablePath = "", origin = ""] = Deno.args;
// Root, as in containers, has no sandbox in Chromium; and the certificate is signed by nobody.
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--ignore-certificate-errors"] });
try {
  const page = await browser.newPage();
  await page.goto(`${origin}/page`);
  const seen = await page.evaluate<unknown>(`import("/conversation.mjs").then(({ converse }) =>
    converse((path, protocols) => new WebSocket(location.origin.replace("http", "ws") + path, protocols)))`);
  console.log(JSON.stringify(seen));
} finally {
  await browser.close();
}
