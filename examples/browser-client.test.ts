import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { startTestBed } from "../src/e2e/test-bed.ts";
import { openBrowser } from "../src/testing/browser.ts";

const FILES: Record<string, [type: string, path: string]> = {
  "/browser-client.html": ["text/html", "browser-client.html"],
  "/client.js": ["text/javascript", "../dist/client/index.js"],
};

/** The folder as the comment of the page says to serve it. */
async function serveFolder(): Promise<string> {
  const server = createServer((request, response) => {
    const [type, path] = FILES[request.url ?? ""] ?? ["text/plain", ""];
    void readFile(new URL(path, import.meta.url)).then(
      (bytes) => response.writeHead(200, { "Content-Type": type }).end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("a page of another origin talks to a server that allows it, with a token and an approval", async () => {
  const origin = await serveFolder();
  const token = "a/token=with+characters-of-base64/and=more";
  await using bed = await startTestBed({ AUTH_TOKEN: token, ALLOWED_ORIGINS: origin });
  const browser = await openBrowser();
  onTestFinished(() => browser.close());
  const { page } = await browser.open(origin);
  await page.goto("/browser-client.html");
  const asked: string[] = [];
  page.on("dialog", (dialog) => {
    asked.push(dialog.message());
    void dialog.accept();
  });
  await page.getByLabel("Server").fill(bed.server.url);
  await page.getByRole("button", { name: "Connect" }).click();
  await page.getByText(/closed .*answered 401/).waitFor();
  await page.getByLabel("Token").fill(token);
  await page.getByRole("button", { name: "Connect" }).click();
  await page.getByText(/open: scripted in /).waitFor();
  await page.getByLabel("Prompt").fill("run echo hello > said.txt");
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByText("[completed]").waitFor();
  expect(asked).toEqual([expect.stringContaining("echo hello > said.txt")]);
  expect(await readFile(`${bed.workspace}/said.txt`, "utf8")).toBe("hello\n");
});
