import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createLogStore } from "../log.ts";
import { idOf } from "../log.suite.ts";
import { catalogPath } from "./database.ts";

describe("a search", () => {
  const words = async (text: string) => {
    const store = createLogStore({ folder: "" });
    store
      .create(idOf(1))
      .append("incoming", JSON.stringify({ id: "1", type: "user_input", payload: { input: text } }));
    return store.records;
  };

  it.each([
    '"',
    '""',
    '"unclosed',
    "a AND",
    "NOT",
    "NEAR(a b)",
    "text:a",
    "{text}: a",
    "a* OR b",
    "^a",
    "a + b",
    "(a",
    "a)",
    "-a",
    "a\0b",
    "'; DROP TABLE session; --",
    "\ud800 a",
    "%_a",
    "x".repeat(1000),
    "a ".repeat(32),
  ])("for %j finds what it says or is refused, and never fails", async (query) => {
    const records = await words("and a b of the text drop table session near not or");
    const asked = await records.search(query, 5).then(
      ({ events }) => events.length,
      (error: { code?: string }) => error.code,
    );
    expect([0, 1, "invalid_message"]).toContain(asked);
    expect((await records.search("session", 5)).events.length).toBe(1);
  });

  it("finds words whatever their case and accents, rows of words, and text within JSON within a message", async () => {
    const store = createLogStore({ folder: "" });
    const log = store.create(idOf(1));
    const tell = (payload: unknown) =>
      log.append("outgoing", JSON.stringify({ id: "1", type: "response_item", payload }));
    tell({
      type: "message",
      role: "assistant",
      content: [{ type: "output_text", text: "Füße laufen schnell" }],
    });
    tell({
      type: "function_call",
      call_id: "c",
      name: "shell",
      arguments: '{"command":["bash","-lc","line\\nbreak"]}',
    });
    tell({
      type: "function_call_output",
      call_id: "c",
      output: '{"output":"one\\ntwo","metadata":{"exit_code":0}}',
    });
    tell({ type: "reasoning", summary: [], encrypted_content: "ciphertext" });
    const found = async (query: string) =>
      (await store.records.search(query, 9)).events.map(({ seq }) => seq);
    expect(await found("FUSSE")).toEqual([]);
    expect(await found("fusse")).toEqual([]);
    expect(await found("Fuße schnell")).toEqual([1]);
    expect(await found('"laufen schnell"')).toEqual([1]);
    expect(await found('"schnell laufen"')).toEqual([]);
    expect(await found("break")).toEqual([2]);
    expect(await found("two")).toEqual([3]);
    expect(await found("ciphertext")).toEqual([]);
  });

  it("tells where, in which words, and goes on where it stopped", async () => {
    const store = createLogStore({ folder: "" });
    for (const number of [1, 2, 3]) {
      const log = store.create(idOf(number));
      const input = `${"before ".repeat(60)}the needle \u202e${"after ".repeat(60)}`;
      log.append("incoming", JSON.stringify({ id: "1", type: "user_input", payload: { input } }));
    }
    const first = await store.records.search("needle", 2);
    expect(first.events.map(({ session_id }) => session_id)).toEqual([idOf(3), idOf(2)]);
    expect(first.events[0]).toMatchObject({ seq: 1, direction: "incoming", type: "user_input" });
    expect(first.events[0]?.snippet).toMatch(/^….*before the needle after.*…$/);
    expect(first.events[0]?.snippet).not.toContain("\u202e");
    store.create(idOf(4)).append("incoming", '{"id":"1","type":"user_input","payload":{"input":"needle"}}');
    const second = await store.records.search("needle", 2, first.next_cursor ?? "");
    expect(second).toMatchObject({ events: [{ session_id: idOf(1) }], next_cursor: null });
    await expect(store.records.search("needle", 2, "no cursor")).rejects.toMatchObject({
      code: "invalid_message",
    });
  });

  it("finds nothing of what was erased", async () => {
    const folder = mkdtempSync(join(tmpdir(), "agentloop-search-"));
    const store = createLogStore({ folder, durability: "off" });
    await store.records.page({ sort: "newest" }, 1);
    const log = store.create(idOf(1));
    log.append("incoming", '{"id":"1","type":"user_input","payload":{"input":"my secret illness"}}');
    await log.end();
    expect((await store.records.search("illness", 5)).events.length).toBe(1);
    const catalog = catalogPath(folder);
    expect(readFileSync(`${catalog}-wal`, "latin1")).toContain("illness");
    await store.erase(idOf(1), 1, "asked for");
    for (const ending of ["", "-wal"])
      expect(readFileSync(`${catalog}${ending}`, "latin1")).not.toContain("illness");
    expect((await store.records.search("illness", 5)).events).toEqual([]);
    expect(await store.summary(idOf(1))).toMatchObject({ title: null, event_count: 3 });
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });
});
