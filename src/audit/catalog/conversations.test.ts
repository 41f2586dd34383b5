import { describe, expect, it } from "vitest";
import type { ConversationPage, ConversationQuery } from "../../contract/log.ts";
import { createMemoryLogStore } from "../memory.ts";
import { idOf } from "../log.suite.ts";

const ALL: ConversationQuery = { put_away: false, sort: "start_time", descending: false };

/** Sessions with these messages, one after the other. */
function storeOf(...sessions: object[][]) {
  const store = createMemoryLogStore();
  for (const [number, messages] of sessions.entries()) {
    const log = store.create(idOf(number));
    for (const message of messages) log.append("outgoing", JSON.stringify(message));
  }
  return store.records;
}

const said = (input: string) => ({ type: "user_input", id: "1", payload: { input } });
const info = (workspace: string, provider = "openai") => ({
  type: "session_info",
  id: "2",
  payload: { model: "m", provider, workspace },
});
const status = (kind: string, more: object) => ({ type: "status", id: "3", payload: { kind, ...more } });
const copied = (text: string) => ({
  type: "response_item",
  id: "4",
  payload: { type: "message", role: "user", content: [{ type: "input_text", text }] },
});

const previews = ({ conversations }: ConversationPage) => conversations.map(({ preview }) => preview);

describe("the conversations of a store", () => {
  it("tell what their logs say of them, and are none before somebody has spoken", async () => {
    const records = storeOf(
      [info("/a"), said("what is it?"), said("and this?"), status("named", { name: "Questions" })],
      [info("/a")],
      [status("forked", { from: idOf(0) }), status("forked", { from: idOf(9) }), copied("what is it?")],
    );
    const { conversations } = await records.conversations(ALL, 10);
    expect(conversations).toMatchObject([
      { preview: "what is it?", name: "Questions", workspace: "/a", provider: "openai", forked_from: null },
      { preview: "what is it?", name: null, workspace: null, forked_from: idOf(0) },
    ]);
  });

  it("are filtered by folder, provider, words, and whether they are put away", async () => {
    const records = storeOf(
      [said("apples"), info("/a")],
      [said("pears"), info("/b"), status("named", { name: "fruit" })],
      [said("plums"), info("/b", "google")],
      [said("nuts"), info("/b"), status("archived", { archived: true })],
      [
        said("figs"),
        info("/c"),
        status("archived", { archived: true }),
        status("archived", { archived: false }),
      ],
    );
    const found = async (query: Partial<ConversationQuery>) =>
      previews(await records.conversations({ ...ALL, ...query }, 10));
    expect(await found({})).toEqual(["apples", "pears", "plums", "figs"]);
    expect(await found({ put_away: true })).toEqual(["nuts"]);
    expect(await found({ workspaces: ["/b", "/c"] })).toEqual(["pears", "plums", "figs"]);
    expect(await found({ providers: ["google"] })).toEqual(["plums"]);
    expect(await found({ words: "rui" })).toEqual(["pears"]);
    expect(await found({ words: "pears" })).toEqual([]);
    expect(await found({ except: [idOf(0), idOf(4)] })).toEqual(["pears", "plums"]);
  });

  it.each(["start_time", "last_activity"] as const)(
    "are read by %s page by page, there and back",
    async (sort) => {
      const records = storeOf(...Array.from({ length: 23 }, (_, number) => [said(`number ${number}`)]));
      const there: string[] = [];
      const pages: ConversationPage[] = [];
      let cursor: string | undefined;
      do {
        const page = await records.conversations({ ...ALL, sort }, 5, cursor);
        pages.push(page);
        there.push(...previews(page));
        cursor = page.next_cursor ?? undefined;
      } while (cursor !== undefined);
      expect(new Set(there).size).toBe(23);
      const back = await records.conversations(
        { ...ALL, sort, descending: true },
        5,
        pages[2]?.previous_cursor ?? "",
      );
      expect(previews(back)).toEqual(there.slice(5, 10).toReversed());
      const other = sort === "start_time" ? "last_activity" : "start_time";
      await expect(
        records.conversations({ ...ALL, sort: other }, 5, pages[0]?.next_cursor ?? ""),
      ).rejects.toThrow("cursor: expected");
    },
  );
});
