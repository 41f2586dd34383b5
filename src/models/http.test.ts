import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "vitest";
import { bodyStream, fetchStream } from "./http.ts";

let server: Server | undefined;
afterEach(() => {
  server?.close();
  server?.closeAllConnections();
});

async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const POST = { method: "POST", headers: new Headers({ "x-key": "secret" }), body: '{"text":"olá"}' };

describe("fetchStream", () => {
  it("sends method, headers and body, and gives the body of a good answer as a stream", async () => {
    const url = await serve((request, response) => {
      response.setHeader("x-seen", `${request.method} ${String(request.headers["x-key"])}`);
      request.pipe(response);
    });
    const answer = await fetchStream(url, POST);
    expect(answer.ok).toBe(true);
    expect(answer.headers.get("x-seen")).toBe("POST secret");
    const body = bodyStream(answer);
    expect(body && (await text(body))).toBe(POST.body);
  });

  it("gives the answer of an error as fetch does", async () => {
    const url = await serve((_request, response) => void response.writeHead(429).end('{"error":"slowly"}'));
    const answer = await fetchStream(url, POST);
    expect(answer.status).toBe(429);
    expect(await answer.json()).toEqual({ error: "slowly" });
  });

  it("follows a redirect with the request as it was", async () => {
    const url = await serve((request, response) => {
      if (request.url === "/") return void response.writeHead(307, { location: "/moved" }).end();
      void text(request).then((body) => response.end(body));
    });
    const answer = await fetchStream(url, POST);
    const body = bodyStream(answer);
    expect(body && (await text(body))).toBe(POST.body);
  });

  it("rejects as fetch does where nobody listens", async () => {
    const url = await serve(() => undefined);
    server?.close();
    await expect(fetchStream(url, POST)).rejects.toMatchObject({
      message: "fetch failed",
      cause: { code: "ECONNREFUSED" },
    });
  });

  it("rejects with the signal's reason, and breaks a body off, when the signal fires", async () => {
    const controller = new AbortController();
    const url = await serve((_request, response) => void response.write("half"));
    const body = bodyStream(await fetchStream(url, { ...POST, signal: controller.signal }));
    const read = body && text(body);
    controller.abort(new Error("stop"));
    await expect(read).rejects.toThrow("aborted");
    await expect(fetchStream(url, { ...POST, signal: controller.signal })).rejects.toThrow("stop");
  });

  it("asks again when a connection that was kept had been closed in the meantime", async () => {
    const connections = new Set<object>();
    const url = await serve((request, response) => {
      const { socket } = request;
      // The second request on a connection finds it gone.
      if (connections.has(socket)) return void socket.resetAndDestroy();
      connections.add(socket);
      void text(request).then((body) => response.end(body));
    });
    for (let round = 0; round < 3; round += 1) {
      const body = bodyStream(await fetchStream(url, POST));
      expect(body && (await text(body))).toBe(POST.body);
    }
  });
});
