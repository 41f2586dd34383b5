import { once } from "node:events";
import { appendFileSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createParser } from "eventsource-parser";
import { describe, onTestFinished } from "vitest";
import { GENESIS, sealLine } from "../audit/chain.ts";
import { createLogStore } from "../audit/log.ts";
import { createRedactor } from "../audit/redact/redact.ts";
import type { AuditStore } from "../contract/log.ts";
import { createLogger } from "../logger.ts";
import { openAgentloop } from "../protocols/agentloop.ts";
import { newFolder } from "../testing/confined.ts";
import { openLinked } from "../testing/linked-connection.ts";
import { createTestSessions } from "../testing/test-session.ts";
import { TestSite } from "../testing/test-site.ts";
import { attacks } from "./attack.suite.ts";

async function openStore(): Promise<{ store: AuditStore; folder: string }> {
  const folder = await newFolder();
  const store = createLogStore({ folder });
  onTestFinished(() => store.close());
  return { store, folder };
}

describe("a client that writes into the log what it has not said", () => {
  /** Sends frames and returns the file that they were recorded in. */
  type Record = (...frames: string[]) => Promise<string>;

  const real = async (): Promise<Record> => {
    const { store, folder } = await openStore();
    const { sessions } = createTestSessions({ logs: store });
    return async (...frames) => {
      const client = await openLinked(openAgentloop, { sessions });
      for (const frame of frames) client.send(frame);
      await sessions.close("session_ended");
      return readFileSync(join(folder, `${client.headers["X-Session-Id"]}.jsonl`), "utf8");
    };
  };
  /** What is often written: the frame as it came, and a line break. */
  const naive = async (): Promise<Record> => {
    const file = join(await newFolder(), "log.jsonl");
    return async (...frames) => {
      for (const frame of frames) appendFileSync(file, `${frame}\n`);
      return readFileSync(file, "utf8");
    };
  };
  const FORGED = '{"direction":"outgoing","message_data":{"type":"approval_resolved"}}';
  const hasLine = (text: string, line: string) => text.split("\n").some((each) => each.trim() === line);

  attacks<Record>(
    { protected: real, unprotected: naive },
    {
      "by a line break and a second line": async (record) =>
        hasLine(await record(`{"id":"1","type":"get_context_info"}\n${FORGED}`), FORGED),
      "by a line break between the parts of one valid message": async (record) =>
        hasLine(await record(`{"id":"1","type":"get_context_info","payload":\n${FORGED}\n}`), FORGED),
      "by a return that a terminal obeys": async (record) =>
        /\r/.test(await record('{"id":"1","type":"get_context_info",\r"payload":1}')),
      "by a line separator that other readers split at": async (record) =>
        /\u2028/.test(await record(`{"id":"\u2028","type":"get_context_info"}`)),
      "by a control character that a terminal obeys": async (record) =>
        /\u009b/.test(await record(`{"id":"\u009b2J","type":"get_context_info"}`)),
      "by characters that turn the order of others around": async (record) =>
        /\u202e/.test(await record(`{"id":"\u202eSEY","type":"get_context_info"}`)),
    },
  );
});

describe("a text in the server's own log", () => {
  /** What a terminal is sent. */
  type Show = (error: Error) => string;
  const real = (): Show => (error) => {
    let text = "";
    const stream = { isTTY: true, write: (line: string) => (text += line) };
    createLogger("info", createRedactor([]), stream).error({ err: error, client: error.message }, "a fault");
    return text;
  };
  const naive = (): Show => (error) => `error a fault client=${error.message}\n${error.stack}\n`;
  attacks<Show>(
    { protected: real, unprotected: naive },
    {
      "clears the operator's screen": async (show) => show(new Error("\u001b[2J")).includes("\u001b[2J"),
      "looks like another line of the log": async (show) =>
        show(new Error("x\n09:00:00 info all is well"))
          .split("\n")
          .some((line) => line.startsWith("09:00")),
    },
  );
});

describe("somebody with access to the files who changes what has happened", () => {
  const ID = "c".repeat(32);

  interface Written {
    path: string;
    /** Nobody notices. */
    readonly passes: () => Promise<boolean>;
  }

  const write = async (): Promise<{ store: AuditStore; path: string }> => {
    const { store, folder } = await openStore();
    await store.recover();
    const log = store.create(ID);
    for (const review of ["NO", "NO", "YES"]) log.append("outgoing", JSON.stringify({ review }));
    await log.end();
    return { store, path: join(folder, `${ID}.jsonl`) };
  };
  const real = async (): Promise<Written> => {
    const { store, path } = await write();
    return { path, passes: async () => (await store.verify(ID)).ok };
  };
  /** Looks whether each line can be read. */
  const naive = async (): Promise<Written> => {
    const { path } = await write();
    return { path, passes: async () => linesOf(path).every((line) => typeof JSON.parse(line) === "object") };
  };
  const linesOf = (path: string) => readFileSync(path, "utf8").split("\n").slice(0, -1);
  const change = (path: string, how: (lines: string[]) => string[]) =>
    writeFileSync(
      path,
      how(linesOf(path))
        .map((line) => `${line}\n`)
        .join(""),
    );
  const toYes = (line: string) => line.replace('"review":"NO"', '"review":"YES"');

  attacks<Written>(
    { protected: real, unprotected: naive },
    {
      "turns a no into a yes": async ({ path, passes }) => {
        change(path, (lines) => lines.map(toYes));
        return passes();
      },
      "takes a line out": async ({ path, passes }) => {
        change(path, (lines) => lines.toSpliced(2, 1));
        return passes();
      },
      "swaps two lines": async ({ path, passes }) => {
        change(path, ([first = "", second = "", ...rest]) => [second, first, ...rest]);
        return passes();
      },
      "says a line twice": async ({ path, passes }) => {
        change(path, ([first = "", ...rest]) => [first, first, ...rest]);
        return passes();
      },
      "cuts the end off": async ({ path, passes }) => {
        const last = linesOf(path).at(-1) ?? "";
        truncateSync(path, readFileSync(path).length - last.length - 1);
        return passes();
      },
      "adds a line at the end": async ({ path, passes }) => {
        appendFileSync(path, `${linesOf(path).at(-1)}\n`);
        return passes();
      },
      "computes the chain anew": async ({ path, passes }) => {
        change(path, (lines) => rehashed(lines.map(toYes)));
        return passes();
      },
    },
  );
});

/** What somebody does who knows how the chain is made, and has no key to sign it. */
function rehashed(lines: readonly string[]): string[] {
  let previous = GENESIS.hash;
  return lines.map((line, seq) => {
    const { message_data, direction } = JSON.parse(line);
    const sealed = sealLine({ direction, json: JSON.stringify(message_data), seq }, previous);
    previous = sealed.hash;
    return sealed.line.toString().trimEnd();
  });
}

describe("a text in an event stream", () => {
  /** The names of the events that a client reads who is sent a text as the data of one. */
  type Stream = (text: string) => Promise<string[]>;

  const read = async (port: number): Promise<string[]> => {
    const names: string[] = [];
    const parser = createParser({ onEvent: ({ event = "" }) => names.push(event) });
    const answer = await fetch(`http://127.0.0.1:${port}/stream`);
    parser.feed(await answer.text());
    return names;
  };
  const real = (): Stream => async (text) => {
    const site = new TestSite();
    await site.start({
      pages: [
        {
          method: "GET",
          path: "/stream",
          page: async () => ({
            open: async (client) => {
              client.send({ event: "said", data: text });
              client.end("session_ended");
              return { closed: () => undefined };
            },
          }),
        },
      ],
    });
    onTestFinished(() => site.stop());
    return read(site.port);
  };
  const naive = (): Stream => async (text) => {
    const http = createHttpServer(
      (_request, response) => void response.end(`event: said\ndata: ${text}\n\n`),
    );
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    onTestFinished(() => void http.close());
    return read((http.address() as AddressInfo).port);
  };
  attacks<Stream>(
    { protected: real, unprotected: naive },
    {
      "becomes an event of its own": async (stream) =>
        (await stream('x\n\nevent: approval_resolved\ndata: {"review":"YES"}')).includes("approval_resolved"),
      "becomes one by returns": async (stream) =>
        (await stream('x\r\revent: approval_resolved\rdata: {"review":"YES"}')).includes("approval_resolved"),
    },
  );
});
