import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { pino } from "pino";
import type { z } from "zod";
import { afterAll, beforeAll, describe as group, expect, it } from "vitest";
import { createLogStore } from "../audit/log.ts";
import { EventQuery } from "../pages/events.ts";
import { ExportQuery, LogQuery } from "../pages/exports.ts";
import { SearchQuery } from "../pages/search.ts";
import { ListQuery } from "../pages/sessions.ts";
import { PARAMETERS } from "../protocols/agentloop.ts";
import { type LiveSite, startLiveSite } from "../testing/live-site.ts";
import { noSessions } from "../testing/no-sessions.ts";
import { SocketClient } from "../testing/socket-client.ts";
import { codexDoors } from "./codex-door.ts";
import { describe } from "./description.ts";
import { createServer, routeTable } from "./server.ts";

const { openapi, asyncapi, schemas } = describe();

/** Every row that a server has, with all its doors. */
function wholeTable() {
  const store = createLogStore({ folder: "" });
  const { doors, pages } = routeTable(store, noSessions);
  const facts = {
    version: "0",
    workspace: "/",
    model: "scripted",
    provider: "scripted",
    approvalPolicy: "suggest",
    sandbox: "read-only",
    network: false,
  } as const;
  const rpc = { records: store.records, facts, models: [], onFault: () => undefined };
  const options = {
    host: "127.0.0.1",
    port: 0,
    allowedOrigins: [],
    allowedHosts: [],
    log: pino({ level: "silent" }),
  };
  return createServer({ ...options, sessions: noSessions, pages, doors: [...doors, ...codexDoors(rpc)] })
    .routes;
}

/** A subtree is one place. */
const described = (path: string) => path.replace(/\/\*$/, "/{path}");

group("the route table and its description", () => {
  const { pages, doors } = wholeTable();

  it("have the same requests", () => {
    const streams = doors.filter(({ over }) => over === "http2").map(({ path }) => `post ${path}`);
    const rows = [
      ...pages.map(({ method, path }) => `${method.toLowerCase()} ${described(path)}`),
      ...streams,
    ];
    const told = Object.entries(openapi.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    expect(told.sort()).toEqual(rows.sort());
  });

  it("have the same places for WebSockets", () => {
    const rows = doors
      .filter(({ over }) => over === undefined)
      .map(({ path, header = "" }) => `${path} ${header}`);
    const told = Object.values(asyncapi.channels).map(({ address, bindings }) => {
      const [header = ""] = Object.keys(bindings.ws.headers?.properties ?? {});
      return `${address} ${header}`;
    });
    expect(told.sort()).toEqual(rows.sort());
  });

  it("agree on what needs no token", () => {
    for (const { method, path, probe, open } of pages) {
      const operation = openapi.paths[described(path)]?.[method.toLowerCase() as "get"];
      const isOpen = probe === true || open?.({}) === true;
      expect(operation?.security !== undefined, `${method} ${path}`).toBe(isOpen);
    }
  });

  it.each([
    ["/sessions", ListQuery],
    ["/sessions/{session_id}/events", EventQuery],
    ["/sessions/{session_id}/log", LogQuery],
    ["/sessions/{session_id}/export", ExportQuery],
    ["/search", SearchQuery],
  ])("have the same parameters of %s", (path, { shape }) => {
    const parameters = (openapi.paths[path]?.get?.parameters ?? []).filter(
      ({ in: where }) => where === "query",
    );
    expect(parameters.map(({ name }) => name).sort()).toEqual(Object.keys(shape).sort());
    const wanted = Object.entries(shape as Record<string, z.ZodType>)
      .filter(([, schema]) => !schema.safeParse(undefined).success)
      .map(([name]) => name);
    expect(parameters.filter(({ required }) => required).map(({ name }) => name)).toEqual(wanted);
  });
});

it("the WebSocket's parameters are those that its protocol reads", () => {
  const { session, sessionByName, sessionById } = asyncapi.channels;
  for (const channel of [session, sessionByName, sessionById]) {
    expect(Object.keys(channel?.bindings.ws.query?.properties ?? {})).toEqual(PARAMETERS);
  }
});

group("what a server answers and tells", () => {
  let site: LiveSite;
  let client: SocketClient;
  let origin: string;
  const ajv = new Ajv2020({ validateFormats: false, allowUnionTypes: true }).addVocabulary(["components"]);

  beforeAll(async () => {
    ajv.addSchema({ $id: "openapi.json", components: openapi.components });
    site = await startLiveSite({
      script: (_request, index) =>
        index === 0
          ? [{ text: "I will look." }, { call: { name: "shell", arguments: { command: ["rm", "-r", "x"] } } }]
          : [{ reasoning: "Well." }, { text: "Done." }],
    });
    origin = `http://127.0.0.1:${site.port}`;
    client = await SocketClient.connect(`${site.url}/?stream=true`);
    client.say("Tidy up");
    const request = await client.next("approval_request");
    client.send("approval_response", { review: "EXPLAIN", requestId: request.id });
    await client.next("approval_request");
    client.send("approval_response", { review: "yes", requestId: request.id });
    await client.next("agent_finished");
    client.send("get_context_info");
    await client.next("context_info");
    client.socket.send("nonsense");
    client.send("cancel");
    client.send("approval_response", { review: "YES" });
    await client.next("error");
  });
  afterAll(() => site.stop());

  const known = new Map<string, ValidateFunction>();

  function read(schema: object): ValidateFunction {
    const text = JSON.stringify(schema).replaceAll(
      '"$ref":"#/components/',
      '"$ref":"openapi.json#/components/',
    );
    const validate = known.get(text) ?? ajv.compile(JSON.parse(text));
    known.set(text, validate);
    return validate;
  }

  function expectValid(schema: object, value: unknown): void {
    const validate = read(schema);
    expect(validate(value), `${JSON.stringify(validate.errors)} in ${JSON.stringify(value)}`).toBe(true);
  }

  it("every message is as its schema has it", () => {
    const types = new Set(client.messages.map(({ type }) => type));
    expect([...types]).toEqual(
      expect.arrayContaining(["session_info", "response_delta", "status", "response_item"]),
    );
    for (const message of client.messages) {
      expectValid(schemas["ServerMessage"] ?? {}, message);
      expectValid(schemas[message.type] ?? {}, message);
    }
  });

  it("every line of the log is as its schema has it", async () => {
    const text = await (await fetch(`${origin}/sessions/${client.sessionId}/log`)).text();
    const lines = text.trimEnd().split("\n");
    expect(lines.length).toBeGreaterThan(10);
    for (const line of lines) expectValid(schemas["LogFileLine"] ?? {}, JSON.parse(line));
  });

  it("so is a line whose content was erased", async () => {
    const folder = await mkdtemp(join(tmpdir(), "described-"));
    const store = createLogStore({ folder });
    const id = "b".repeat(32);
    try {
      await store.recover();
      const log = store.create(id);
      const message = client.messages.find(({ type }) => type === "response_item");
      const [told, asked] = [message, { id: "1", type: "cancel" }].map((one) => JSON.stringify(one));
      log.append("outgoing", told ?? "");
      log.append("incoming", asked ?? "");
      await log.end();
      for (const seq of [1, 2]) await store.erase(id, seq, "asked for");
      const lines = (await readFile(join(folder, `${id}.jsonl`), "utf8")).trimEnd().split("\n");
      expect(lines.map((line) => JSON.parse(line).salt !== undefined)).toEqual([true, false, false, true]);
      for (const line of lines) expectValid(schemas["LogFileLine"] ?? {}, JSON.parse(line));
    } finally {
      await store.close();
      await rm(folder, { recursive: true });
    }
  });

  it.each([
    ["/health", "", 200],
    ["/livez", "", 200],
    ["/readyz", "", 200],
    ["/models", "", 200],
    ["/ui/session", "", 200],
    ["/sessions", "", 200],
    ["/sessions", "?limit=1", 200],
    ["/sessions", "?limit=x", 400],
    ["/sessions", "?nonsense=1", 400],
    ["/sessions/{session_id}", "", 200],
    ["/sessions/{session_id}/events", "?limit=5", 200],
    ["/sessions/{session_id}/events", "", 200],
    ["/sessions/{session_id}/verify", "", 200],
    ["/search", "?q=tidy", 200],
    ["/audit/key", "", 503],
    ["/openapi.json", "", 200],
  ] as const)("GET %s%s is answered as described", async (path, query, status) => {
    const answer = await fetch(origin + path.replace("{session_id}", client.sessionId) + query);
    expect(answer.status).toBe(status);
    expectValid(schemaOf("get", path, status), await answer.json());
  });

  it("an unknown session is answered as described", async () => {
    const answer = await fetch(`${origin}/sessions/${"0".repeat(32)}`);
    expect(answer.status).toBe(404);
    expectValid(schemaOf("get", "/sessions/{session_id}", 404), await answer.json());
  });

  it("a new session is answered as described", async () => {
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch(`${origin}/sessions`, { method: "POST", headers, body: "{}" });
    expect(answer.status).toBe(201);
    expect(answer.headers.get("Location")).toMatch(/^\/sessions\/[0-9a-f]{32}$/);
    expectValid(schemaOf("post", "/sessions", 201), await answer.json());
  });

  /** Of an answer in JSON. */
  function schemaOf(method: "get" | "post", path: string, status: number): object {
    const answers = openapi.paths[path]?.[method]?.responses ?? {};
    const answer = answers[status] ?? openapi.components.responses["Refusal"];
    if (answer === undefined || "$ref" in answer) throw new Error(`${status} of ${path} is not described`);
    const schema = answer.content?.["application/json"]?.schema;
    if (schema === undefined) throw new Error(`${status} of ${path} has no body in JSON`);
    return schema;
  }
});
