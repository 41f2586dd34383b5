import { expect, it } from "vitest";
import { openLinked } from "./linked-connection.ts";
import { noSessions } from "./no-sessions.ts";
import { TestDoor } from "./test-door.ts";

it("joins a protocol and a test without a socket", async () => {
  const door = new TestDoor();
  const client = await openLinked(door.open, { sessions: noSessions, query: { stream: "true" } });
  const server = await door.arrivals.take();
  expect(server.connection.query.get("stream")).toBe("true");
  expect(client.headers).toHaveProperty("X-Session-Id");

  client.send("hello");
  expect(await server.received.take()).toBe("hello");

  const awaited = client.next();
  server.connection.send('{"number":1}');
  server.connection.send('{"number":2}', true);
  expect([await awaited, await client.next()]).toEqual([{ number: 1 }, { number: 2 }]);

  const after = client.next();
  server.connection.end("too_slow");
  server.connection.send("too late");
  await expect(after).rejects.toThrow("the connection ended: too_slow");
  expect(client.ended).toBe("too_slow");
  expect(client.frames).toEqual(['{"number":1}', '{"number":2}']);

  client.leave();
  await server.closed;
});
