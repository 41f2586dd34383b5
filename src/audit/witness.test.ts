import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readCheckpoints, SERVER_ORIGIN } from "./checkpoint.ts";
import { parseVerifierKeys } from "./keys.ts";
import { createFileLogStore } from "./log.ts";
import { idOf } from "./log.suite.ts";

let folder: string;
let server: Server;
let received: string[];
let status: number;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "agentloop-witness-"));
  received = [];
  status = 200;
  server = createServer((request, response) => {
    let note = "";
    request.on("data", (chunk: Buffer) => (note += chunk.toString()));
    request.on("end", () => {
      received.push(note);
      response.writeHead(status).end();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

const urlOf = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/add-checkpoint`;

async function oneSession(witnessUrl: string): Promise<{ publicKey: string; faults: string[] }> {
  const faults: string[] = [];
  const store = createFileLogStore({ folder, witnessUrl, onFault: ({ message }) => faults.push(message) });
  await store.recover();
  await store.create(idOf(1)).end();
  await store.close();
  return { publicKey: store.publicKey ?? "", faults };
}

describe("a witness", () => {
  it("gets the signed checkpoints of the server's log, up to the last one", async () => {
    const { publicKey, faults } = await oneSession(urlOf());
    expect(faults).toEqual([]);
    const keys = parseVerifierKeys(publicKey);
    const notes = readCheckpoints(received.join("\n"), SERVER_ORIGIN, keys);
    expect(notes.length).toBe(received.length);
    expect(notes.at(-1)).toMatchObject({ size: 3, signature: "good" });
  });

  it("that refuses is told of, and the server goes on", async () => {
    status = 503;
    const { faults } = await oneSession(urlOf());
    expect(faults.at(-1)).toMatch(
      /the witness http:\/\/127\.0\.0\.1:\d+ .* has not taken a checkpoint: it answered 503/,
    );
  });

  it("that is not there is told of, and the server goes on", async () => {
    const url = urlOf();
    server.close();
    await once(server, "close");
    const { faults } = await oneSession(url);
    expect(faults.at(-1)).toContain("ECONNREFUSED");
  });
});
