import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openBrowser } from "../testing/browser.ts";
import { selfSigned } from "../testing/certificate.ts";
import { startTestBed, temporaryFolder } from "./test-bed.ts";

/** Opens a WebSocket, has a turn, and resolves with how it was closed. */
const TURN = (url: string) => `new Promise((resolve) => {
  const socket = new WebSocket(${JSON.stringify(url)}, ["agentloop"]);
  socket.onopen = () => socket.send('{"id":"1","type":"user_input","payload":{"input":"hello"}}');
  socket.onmessage = ({ data }) => JSON.parse(data).type === "agent_finished" && socket.close(1000, "bye");
  socket.onclose = ({ code, reason, wasClean }) => resolve({ code, reason, wasClean, protocol: socket.protocol });
})`;

test(
  "Chromium takes its WebSockets as streams of the HTTP/2 connection that it has",
  { timeout: 60_000 },
  async () => {
    const folder = await temporaryFolder();
    const { key, cert } = selfSigned();
    const paths = { TLS_KEY_PATH: join(folder, "key.pem"), TLS_CERT_PATH: join(folder, "cert.pem") };
    await writeFile(paths.TLS_KEY_PATH, key);
    await writeFile(paths.TLS_CERT_PATH, cert);
    await using bed = await startTestBed(paths);
    await using browser = await openBrowser();
    const { page } = await browser.open(bed.server.origin, { ignoreHTTPSErrors: true, bypassCSP: true });
    const inspector = await page.context().newCDPSession(page);
    const statuses: number[] = [];
    inspector.on("Network.webSocketHandshakeResponseReceived", ({ response }) =>
      statuses.push(response.status),
    );
    await inspector.send("Network.enable");
    await page.goto("/health");

    const closes = await page.evaluate(
      `Promise.all([${Array.from({ length: 8 }, () => TURN(bed.server.url)).join(", ")}])`,
    );
    const clean = { code: 1000, reason: "bye", wasClean: true, protocol: "agentloop" };
    expect(closes).toEqual(Array.from({ length: 8 }, () => clean));
    // By HTTP/1.1 it would be 101.
    expect(statuses).toEqual(Array.from({ length: 8 }, () => 200));

    const url = JSON.stringify(bed.server.url);
    await page.evaluate(`new Promise((opened) => {
    const socket = new WebSocket(${url});
    globalThis.closeCode = new Promise((resolve) => (socket.onclose = ({ code }) => resolve(code)));
    socket.onopen = opened;
  })`);
    const [, code] = await Promise.all([bed.server.stop("SIGTERM"), page.evaluate("globalThis.closeCode")]);
    expect(code).toBe(1012);
  },
);
