import { once } from "node:events";
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, onTestFinished } from "vitest";
import { createLogStore } from "../audit/log.ts";
import { readImage } from "../server/read-image.ts";
import { routeTable } from "../server/server.ts";
import { newFolder } from "../testing/confined.ts";
import { noSessions } from "../testing/no-sessions.ts";
import { TestSite } from "../testing/test-site.ts";
import { attacks } from "./attack.suite.ts";
import { SECRET } from "./ground.ts";

/** A store of logs; beside it a file that is made like a log and is none of it. */
interface Archive {
  site: TestSite;
  store: string;
  secret: string;
}

const LINE = {
  timestamp: "2026-01-01T00:00:00.000Z",
  event_type: "websocket_message_sent",
  direction: "outgoing",
};

async function lay() {
  const top = await newFolder();
  const [store, secret] = [join(top, "store"), join(top, "secret.jsonl")];
  await mkdir(store);
  writeFileSync(secret, `${JSON.stringify({ ...LINE, message_data: { event: SECRET }, seq: 0 })}\n`);
  return { store, secret };
}

async function real(): Promise<Archive> {
  const laid = await lay();
  const site = new TestSite();
  const logs = createLogStore({ folder: laid.store });
  await site.start({ pages: routeTable(logs, noSessions).pages });
  onTestFinished(async () => {
    await site.stop();
    await logs.close();
  });
  return { site, ...laid };
}

/** Puts what it is asked for behind the folder's name. */
async function naive(): Promise<Archive> {
  const laid = await lay();
  const site = new TestSite();
  const http = createHttpServer((request, response) => {
    const url = new URL(request.url ?? "", "http://localhost");
    const name = decodeURIComponent(/^\/sessions\/([^/]*)/.exec(request.url ?? "")?.[1] ?? "");
    const asked = url.searchParams.get("session") ?? name;
    response.end(read(join(laid.store, `${asked}.jsonl`)) ?? read(join(laid.store, asked)) ?? "");
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  onTestFinished(() => void http.close());
  site.port = (http.address() as AddressInfo).port;
  return { site, ...laid };
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

const shows = async ({ site }: Archive, path: string) => (await site.ask({ path })).body.includes(SECRET);

const ID = "a".repeat(32);

describe("a request that leads out of the folder of the logs", () => {
  attacks<Archive>(
    { protected: real, unprotected: naive },
    {
      "by dots in place of the session's id": (archive) => shows(archive, "/sessions/..%2fsecret"),
      "by dots that are encoded as well": (archive) => shows(archive, "/sessions/%2e%2e%2fsecret/events"),
      "by dots after a session's id": (archive) =>
        shows(archive, `/sessions/${ID}%2f..%2f..%2fsecret/events`),
      "by dots with the file's ending": (archive) => shows(archive, "/sessions/..%2fsecret.jsonl"),
      "by dots in the address of the log itself": (archive) => shows(archive, "/sessions/..%2fsecret/log"),
      "by dots in an export": (archive) => shows(archive, "/sessions/..%2fsecret/export?format=jsonl"),
      "by dots in a parameter": (archive) => shows(archive, `/sessions/x?session=..%2fsecret`),
      "by a link in the folder": (archive) => {
        symlinkSync(archive.secret, join(archive.store, `${ID}.jsonl`));
        return shows(archive, `/sessions/${ID}/events`);
      },
      "by a link in the folder, for the log itself": (archive) => {
        symlinkSync(archive.secret, join(archive.store, `${ID}.jsonl`));
        return shows(archive, `/sessions/${ID}/log`);
      },
    },
  );
});

describe("a client that has an image read to the model", () => {
  interface Viewer {
    workspace: string;
    outside: string;
    /** The image as the model gets it. */
    readonly view: (path: string) => Promise<string>;
  }
  const lay = async (view: (workspace: string, path: string) => Promise<string>): Promise<Viewer> => {
    const top = await newFolder();
    const [workspace, outside] = [join(top, "workspace"), join(top, "outside.png")];
    await mkdir(workspace);
    writeFileSync(outside, `\x89PNG\r\n\x1a\n${SECRET}`, "latin1");
    return { workspace, outside, view: (path) => view(workspace, path).catch(() => "") };
  };
  const sees = async ({ view }: Viewer, path: string) =>
    Buffer.from((await view(path)).split(",")[1] ?? "", "base64").includes(SECRET);
  attacks<Viewer>(
    {
      protected: () => lay(readImage),
      unprotected: () =>
        lay(async (workspace, path) => {
          const bytes = await readFile(path.startsWith("/") ? path : join(workspace, path));
          return `data:image/png;base64,${bytes.toString("base64")}`;
        }),
    },
    {
      "from outside of the workspace, by dots": (viewer) => sees(viewer, "../outside.png"),
      "from outside of the workspace, by its path": (viewer) => sees(viewer, viewer.outside),
      "from outside of the workspace, by a link": (viewer) => {
        symlinkSync(viewer.outside, join(viewer.workspace, "image.png"));
        return sees(viewer, "image.png");
      },
      "that is none": async (viewer) => {
        writeFileSync(join(viewer.workspace, "notes"), SECRET);
        return sees(viewer, "notes");
      },
    },
  );
});
