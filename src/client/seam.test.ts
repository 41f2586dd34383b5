import { describe, expect, it } from "vitest";
import type { ServerMessage } from "../contract/message.ts";
import { Seam } from "./seam.ts";

const delta = (seq: number, text: string, { repeated = false, itemId = "i" } = {}): ServerMessage => ({
  id: "d",
  type: "response_delta",
  seq,
  payload: { itemId, kind: "text", delta: text, ...(repeated && { timing: [] }) },
});

const other = (seq: number): ServerMessage => ({
  id: `m${seq}`,
  type: "loading_state",
  seq,
  payload: { loading: true },
});

/** What is let through, cut where there is a null. */
function passed(messages: (ServerMessage | null)[]): { text: string; last: number | undefined } {
  const seam = new Seam(undefined);
  let text = "";
  for (const message of messages) {
    const news = message === null ? seam.cut() : seam.pass(message);
    if (news?.type === "response_delta") text += news.payload.delta;
  }
  return { text, last: seam.last };
}

const again = { repeated: true };

describe("text that is repeated after a cut", () => {
  it.each<[string, (ServerMessage | null)[], string]>([
    ["in one piece", [delta(1, "a"), delta(1, "b"), null, delta(1, "abc", again), delta(2, "d")], "abcd"],
    ["in smaller pieces", [delta(1, "abc"), null, delta(1, "a", again), delta(2, "bcd", again)], "abcd"],
    [
      "of two items",
      [
        delta(1, "aa"),
        delta(1, "bb", { itemId: "j" }),
        null,
        delta(1, "aa", again),
        delta(2, "bbb", { ...again, itemId: "j" }),
      ],
      "aabbb",
    ],
    [
      "from a little before, where its end was held back",
      [delta(1, "keys"), delta(2, " and"), null, delta(2, "s and locks", again)],
      "keys and locks",
    ],
    [
      "where nothing was told since the last number",
      [delta(1, "all"), other(3), null, delta(3, "later", again)],
      "alllater",
    ],
    [
      "and cut again in the midst of it",
      [delta(1, "abcd"), null, delta(1, "ab", again), null, delta(1, "ab", again), delta(2, "cdef", again)],
      "abcdef",
    ],
    [
      "of which a slow client had lost a part",
      [delta(1, "a"), delta(1, "c"), null, delta(1, "abcd", again)],
      "acabcd",
    ],
    ["not at all, because the server does not log it", [delta(1, "ab"), null, delta(1, "ab")], "abab"],
  ])("%s", (_how, messages, text) => {
    expect(passed(messages).text).toBe(text);
  });
});

it("comes back with the highest number, or where a server begins anew that lost the end of its log", () => {
  const info = (head: number) =>
    ({ id: "s", type: "session_info", seq: 5, payload: { head_seq: head } }) as ServerMessage;
  expect(passed([info(5), other(8), delta(9, "a")]).last).toBe(9);
  expect(passed([info(5), other(8), null, info(6)]).last).toBe(6);
});
