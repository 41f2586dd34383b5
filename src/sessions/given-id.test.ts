import { describe, expect, it } from "vitest";
import { createTestSessions, TestClient } from "../testing/test-session.ts";
import type { LiveSession } from "./session.ts";

const ID = "a".repeat(64);

describe("a session of a given id", () => {
  it("is one, however many ask for it at once", async () => {
    const { sessions } = createTestSessions({});
    const asked = await Promise.all([
      sessions.create({ id: ID }),
      sessions.create({ id: ID }),
      sessions.open(ID),
    ]);
    expect(new Set(asked).size).toBe(1);
    expect(asked[0]?.id).toBe(ID);
    expect(await sessions.create({ id: ID })).toBe(asked[0]);
  });

  it("that is ending is taken up from its log when it has ended", async () => {
    const { sessions } = createTestSessions({});
    const first = (await sessions.create({ id: ID })) as LiveSession;
    const ending = first.end("session_ended");
    const second = await sessions.open(ID);
    await ending;
    expect(second).not.toBe(first);
    expect(second.info()).toMatchObject({ session_id: ID, state: "idle" });
    expect(sessions.size).toBe(1);
  });

  it("can be asked for again when it could not be made", async () => {
    const { sessions } = createTestSessions({ options: { approvalPolicy: "suggest" } });
    await expect(sessions.create({ id: ID, approvalPolicy: "full-auto" })).rejects.toThrow("wider");
    expect((await sessions.create({ id: ID })).id).toBe(ID);
  });
});

it("a session that ends alone does not wait for another client", async () => {
  const { sessions } = createTestSessions({ options: { detachMs: 60_000 } });
  const session = await sessions.create({ endsAlone: true });
  const leave = [session.attach(new TestClient("one")), session.attach(new TestClient("two"))];
  leave[0]?.();
  // Nobody ever came to this one: when it has ended, the other one would have.
  await sessions.create({ endsAlone: true });
  while (sessions.size > 1) await new Promise((resolve) => setImmediate(resolve));
  expect(session.info().state).toBe("idle");
  leave[1]?.();
  while (sessions.size > 0) await new Promise((resolve) => setImmediate(resolve));
});
