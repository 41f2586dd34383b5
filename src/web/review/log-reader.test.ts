import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import type { LogLine } from "../../contract/log.ts";
import { LinePages } from "./line-pages.ts";
import { LogReader } from "./log-reader.ts";
import { lineMaker } from "./test-lines.ts";

/** As browsers have it: closed for good when it is answered with anything but 200. */
class Tail extends EventTarget {
  static readonly OPEN = 1;
  static readonly CLOSED = 2;
  static all: Tail[] = [];
  readyState = 0;
  readonly url: string;

  constructor(url: string) {
    super();
    this.url = url;
    Tail.all.push(this);
  }

  open(): void {
    this.readyState = Tail.OPEN;
    this.dispatchEvent(new Event("open"));
  }

  refuse(): void {
    this.close();
    this.dispatchEvent(new Event("error"));
  }

  close(): void {
    this.readyState = Tail.CLOSED;
  }
}

/** The log as the server has it, and what it answers otherwise. */
let log: LogLine[];
let status: number;
const answer = (url: string) => {
  const query = new URLSearchParams(url.split("?")[1]);
  const [after, limit] = [Number(query.get("after")), Number(query.get("limit"))];
  const rest = log.filter(({ seq }) => seq > after);
  const next = rest.length > limit ? rest[limit - 1]?.seq : null;
  const body = status === 200 ? { events: rest.slice(0, limit), next_after: next } : {};
  return Promise.resolve(Response.json(body, { status }));
};

const lines = (count: number) => {
  const { tell } = lineMaker();
  return Array.from({ length: count }, () => tell("loading_state", { loading: true }));
};

beforeEach(() => {
  Tail.all = [];
  log = lines(3);
  status = 200;
  vi.useFakeTimers();
  vi.stubGlobal("EventSource", Tail);
  vi.stubGlobal("fetch", vi.fn(answer));
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function follow(pages?: LinePages): Promise<LogReader> {
  const reader = new LogReader("a", pages);
  onTestFinished(() => reader.stop());
  reader.start();
  await vi.waitFor(() => expect(reader.state).toEqual({ kind: "live", isConnected: false }));
  return reader;
}

describe("a session that is followed", () => {
  it("is read on after the server refused for a while", async () => {
    const reader = await follow();
    Tail.all[0]?.open();
    expect(reader.state).toEqual({ kind: "live", isConnected: true });
    status = 503;
    Tail.all[0]?.refuse();
    expect(reader.state).toEqual({ kind: "live", isConnected: false });
    const asked = vi.mocked(fetch).mock.calls.length;
    for (const again of [1, 2]) {
      await vi.advanceTimersByTimeAsync(3000);
      await vi.waitUntil(() => vi.mocked(fetch).mock.calls.length >= asked + again);
    }
    expect(reader.state).toEqual({ kind: "live", isConnected: false });
    status = 200;
    log = lines(5);
    await vi.advanceTimersByTimeAsync(3000);
    await vi.waitUntil(() => Tail.all.length === 2);
    Tail.all[1]?.open();
    expect(reader.outline.rows).toHaveLength(5);
    expect(reader.state).toEqual({ kind: "live", isConnected: true });
    expect(Tail.all[1]?.url).toContain("after=4");
  });

  it("says so when the server refuses for good", async () => {
    const reader = await follow();
    status = 401;
    Tail.all[0]?.refuse();
    await vi.advanceTimersByTimeAsync(3000);
    await vi.waitFor(() => expect(reader.state).toMatchObject({ kind: "failed", error: { status: 401 } }));
  });

  it("is not read any more by who has left", async () => {
    const reader = await follow();
    Tail.all[0]?.refuse();
    reader.stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("a line that is needed again", () => {
  it("is told to be missing when it cannot be read, and is there when it can", async () => {
    log = lines(1200);
    const reader = await follow(new LinePages(0));
    expect(reader.lineAt(7)).toBeUndefined();
    status = 502;
    await expect(reader.need(7)).rejects.toMatchObject({ name: "RecordError", status: 502 });
    status = 200;
    const whole = log;
    log = [];
    await expect(reader.need(7)).rejects.toMatchObject({ code: "log_unavailable" });
    log = whole;
    await reader.need(7);
    expect(reader.lineAt(7)?.seq).toBe(7);
  });
});
