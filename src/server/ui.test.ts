import { mkdtemp, mkdir, realpath, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ui } from "../pages/ui.ts";
import { TestSite } from "../testing/test-site.ts";
import type { PageRoute } from "./routes.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";
const SHELL = "<!doctype html><title>AgentLoop</title>";
const SCRIPT = "console.log('hello');\n".repeat(100);
const ROUTES = [
  "/ui/",
  "/ui/talk/0f8fad5bd9cb469fa16570867728950e",
  "/ui/sessions",
  "/ui/sign-in",
  "/ui/a/b/",
];

let folder: string;
let site: TestSite;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "agentloop-ui-")));
  site = new TestSite();
});
afterEach(async () => {
  await site.stop();
  await rm(folder, { recursive: true });
});

async function build(files: Record<string, string>): Promise<string> {
  const web = join(folder, "web");
  await mkdir(web, { recursive: true });
  for (const [name, content] of Object.entries(files)) await writeFile(join(web, name), content);
  return web;
}

async function serve(
  files: Record<string, string> = {
    "index.html": SHELL,
    "main.js": SCRIPT,
    "main.css": "body{}",
    "part-0A1B2C3D.js": SCRIPT,
    "main.js.LEGAL.txt": "MIT",
  },
): Promise<void> {
  const page = ui(await build(files));
  const route: PageRoute = { method: "GET", path: "/ui/*", page, navigable: true, open: () => true };
  await site.start({ pages: [route] });
}

/** The bytes of an answer as they were sent. */
const bytesOf = async (path: string, encoding: string): Promise<[string | null, Buffer]> => {
  const { promise, resolve } = Promise.withResolvers<Buffer>();
  const { request } = await import("node:http");
  let coding: string | null = null;
  const headers = { "accept-encoding": encoding };
  request({ host: "127.0.0.1", port: site.port, path, headers, agent: false }, (response) => {
    coding = response.headers["content-encoding"] ?? null;
    const chunks: Buffer[] = [];
    response
      .on("data", (chunk: Buffer) => chunks.push(chunk))
      .on("end", () => resolve(Buffer.concat(chunks)));
  }).end();
  const bytes = await promise;
  return [coding, bytes];
};

describe("the web UI", () => {
  it("is one page at all paths of the application, under a strict policy", async () => {
    await serve();
    for (const path of ROUTES) {
      const { status, headers, body } = await site.ask({ path });
      expect([status, body]).toEqual([200, SHELL]);
      expect(headers).toMatchObject({
        "content-type": "text/html; charset=utf-8",
        "cache-control": "no-cache",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "x-frame-options": "DENY",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-embedder-policy": "require-corp",
        "cross-origin-resource-policy": "same-origin",
      });
      const policy = String(headers["content-security-policy"]).split("; ");
      for (const rule of [
        "default-src 'none'",
        "script-src 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
      ]) {
        expect(policy).toContain(rule);
      }
    }
  });

  it("is there again when a file of it could not be read once", async () => {
    const tooLarge = join(await build({}), "too-large.js");
    await writeFile(tooLarge, "");
    await truncate(tooLarge, 2 ** 33);
    await serve();
    expect((await site.ask({ path: "/ui/" })).status).toBe(500);
    await rm(tooLarge);
    expect((await site.ask({ path: "/ui/" })).status).toBe(200);
  });

  it("has its files by their names, with their types", async () => {
    await serve();
    const types = {
      "main.js": "text/javascript; charset=utf-8",
      "main.css": "text/css; charset=utf-8",
      "main.js.LEGAL.txt": "text/plain; charset=utf-8",
    };
    for (const [name, type] of Object.entries(types)) {
      expect(await site.ask({ path: `/ui/${name}` })).toMatchObject({
        status: 200,
        headers: { "content-type": type, "cache-control": "no-cache", etag: expect.any(String) },
      });
    }
    expect((await site.ask({ path: "/ui/part-0A1B2C3D.js" })).headers["cache-control"]).toBe(
      "public, max-age=31536000, immutable",
    );
  });

  it("has no other files, however they are asked for", async () => {
    await writeFile(join(folder, "secret.txt"), "secret");
    const web = await build({ "index.html": SHELL });
    await symlink(join(folder, "secret.txt"), join(web, "link.txt"));
    await mkdir(join(web, "folder.js"));
    await serve({});
    for (const path of [
      "/ui/nothing.js",
      "/ui/link.txt",
      "/ui/folder.js",
      "/ui/../secret.txt",
      "/ui/%2e%2e/secret.txt",
      "/ui/..%2fsecret.txt",
      "/ui/..",
      "/ui/.",
      "/ui//etc/passwd%00.js",
      "/ui/main.js/",
      "/ui/__proto__.js",
      "/ui/%zz",
    ]) {
      const answer = await site.ask({ path });
      expect([path, answer.status, answer.body.includes("secret")]).toEqual([path, 404, false]);
    }
  });

  it("comes packed as the browser takes it, and says so to caches", async () => {
    await serve();
    expect(await bytesOf("/ui/main.js", "identity")).toEqual([null, Buffer.from(SCRIPT)]);
    for (const [accepted, coding, unpack] of [
      ["gzip, deflate, br", "br", brotliDecompressSync],
      ["gzip;q=1.0, br;q=0", "gzip", gunzipSync],
    ] as const) {
      const [given, bytes] = await bytesOf("/ui/main.js", accepted);
      expect(given).toBe(coding);
      expect(unpack(bytes).toString()).toBe(SCRIPT);
      expect(bytes.length).toBeLessThan(200);
    }
    expect((await site.ask({ path: "/ui/main.js" })).headers["vary"]).toBe("Accept-Encoding");
  });

  it("is not sent again to a browser that has it, in the coding that it has it in", async () => {
    await serve();
    const encoding = { "accept-encoding": "br" };
    const { headers } = await site.ask({ path: "/ui/main.js", headers: encoding });
    const again = { ...encoding, "if-none-match": `"other", W/${headers.etag}` };
    expect(await site.ask({ path: "/ui/main.js", headers: again })).toMatchObject({
      status: 304,
      body: "",
      headers: { etag: headers.etag, "cache-control": "no-cache" },
    });
    const plain = await site.ask({ path: "/ui/main.js", headers: { "if-none-match": String(headers.etag) } });
    expect(plain.status).toBe(200);
  });

  it("answers HEAD like GET, without the body", async () => {
    await serve();
    const get = await site.ask({ path: "/ui/main.js" });
    const head = await site.ask({ method: "HEAD", path: "/ui/main.js" });
    expect([head.status, head.body]).toEqual([200, ""]);
    expect(head.headers).toMatchObject({ etag: get.headers.etag, "content-length": String(SCRIPT.length) });
    expect(await site.ask2({ method: "HEAD", path: "/ui/main.js" })).toMatchObject({ status: 200, body: "" });
    expect((await site.ask2({ path: "/ui/main.js" })).body).toBe(SCRIPT);
  });

  it("says how to build it where it is not built, and is there as soon as it is", async () => {
    const page = ui(join(folder, "web"));
    await site.start({ pages: [{ method: "GET", path: "/ui/*", page, open: () => true }] });
    expect(await site.ask({ path: "/ui/" })).toMatchObject({
      status: 503,
      body: expect.stringContaining("npm run build"),
    });
    await build({ "index.html": SHELL });
    expect((await site.ask({ path: "/ui/" })).body).toBe(SHELL);
  });

  it("stays as it was read when it is built again under a running server", async () => {
    await serve();
    await site.ask({ path: "/ui/" });
    await build({ "index.html": "another", "main.js": "another" });
    expect((await site.ask({ path: "/ui/main.js" })).body).toBe(SCRIPT);
  });

  it("needs no token for its page and files, and links of other sites may lead to it", async () => {
    await site.start({ authToken: TOKEN });
    const link = {
      "sec-fetch-site": "cross-site",
      "sec-fetch-mode": "navigate",
      "sec-fetch-dest": "document",
    };
    for (const path of [...ROUTES, "/ui/main.js"]) expect((await site.ask({ path })).status).toBe(200);
    expect((await site.ask({ path: "/ui/sessions", headers: link })).status).toBe(200);
    expect((await site.ask({ path: "/ui/", headers: { host: "evil.example" } })).status).toBe(403);
    for (const path of ["/ui", "/sessions", "/ui/../sessions", "/uix", "/ui%2f"]) {
      const { status, headers } = await site.ask({ path });
      expect([path, status, headers.location]).toEqual([
        path,
        path === "/ui" ? 302 : path.startsWith("/ui/") ? 404 : 401,
        path === "/ui" ? "/ui/" : undefined,
      ]);
    }
  });

  it("is where a browser is led that opens the port; all others are told how to connect", async () => {
    await site.start({ authToken: TOKEN });
    const browser = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };
    expect(await site.ask({ path: "/", headers: browser })).toMatchObject({
      status: 302,
      headers: { location: "/ui/", vary: "Accept" },
    });
    expect((await site.ask({ path: "/", headers: { accept: "*/*" } })).status).toBe(401);
    expect(await site.knock({ headers: browser })).toBe(401);
    const authorization = `Bearer ${TOKEN}`;
    expect((await site.ask({ path: "/", headers: { accept: "*/*", authorization } })).body).toContain(
      `http://127.0.0.1:${site.port}/ui/`,
    );
  });
});
