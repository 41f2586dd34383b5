import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { selfSigned } from "./certificate.ts";
import { until } from "./run-command.ts";

const SITE = new URL("../../deploy/nginx.conf", import.meta.url);

export interface Proxy {
  /** `host:port` without and with TLS. */
  plain: string;
  tls: string;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * A real nginx with the configuration that the repository offers, in front of a server on this port. `change`: further
 * edits of the text; each must find its place.
 */
export async function startNginx(
  serverPort: number,
  change: Readonly<Record<string, string>> = {},
): Promise<Proxy> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "agentloop-nginx-")));
  const [plainPort, tlsPort] = await freePorts(2);
  const { key, cert } = selfSigned();
  await mkdir(join(folder, "logs"));
  await writeFile(join(folder, "key.pem"), key);
  await writeFile(join(folder, "cert.pem"), cert);
  const site = edited(await readFile(SITE, "utf8"), {
    "listen 443 ssl http2;": `listen 127.0.0.1:${tlsPort} ssl http2;\n    listen 127.0.0.1:${plainPort};`,
    "server 127.0.0.1:8080;": `server 127.0.0.1:${serverPort};`,
    "/etc/ssl/agentloop/fullchain.pem": join(folder, "cert.pem"),
    "/etc/ssl/agentloop/privkey.pem": join(folder, "key.pem"),
    ...change,
  });
  await writeFile(join(folder, "nginx.conf"), around(site, folder));
  const child = spawn(program(), ["-p", folder, "-c", join(folder, "nginx.conf"), "-e", "stderr"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const written = collect(child);
  await until(() => {
    if (child.exitCode !== null) throw new Error(`nginx did not start: ${written()}`);
    return existsSync(join(folder, "nginx.pid")) && isUp(Number(plainPort));
  });
  return {
    plain: `127.0.0.1:${plainPort}`,
    tls: `127.0.0.1:${tlsPort}`,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGTERM");
      await once(child, "close");
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What a system has in its own nginx.conf, with everything in one folder. */
const around = (site: string, folder: string) => `
${process.getuid?.() === 0 ? "user root;" : ""}
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr warn;
events { worker_connections 256; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  ${site}
}
`;

function edited(text: string, changes: Readonly<Record<string, string>>): string {
  return Object.entries(changes).reduce((changed, [from, to]) => {
    if (!changed.includes(from)) throw new Error(`deploy/nginx.conf has no ${JSON.stringify(from)}.`);
    return changed.replaceAll(from, to);
  }, text);
}

function program(): string {
  const found = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/bin/nginx", "/opt/homebrew/bin/nginx"].find(
    (path) => existsSync(path),
  );
  if (found === undefined) throw new Error("These tests need nginx: npm run setup -- --tests");
  return found;
}

function collect(child: ChildProcess): () => string {
  let text = "";
  child.stderr?.on("data", (chunk: Buffer) => (text += chunk.toString()));
  return () => text;
}

/** It answers, whatever it says: the server may be behind a path. */
async function isUp(port: number): Promise<boolean> {
  return await fetch(`http://127.0.0.1:${port}/health`).then(
    ({ status }) => status < 500,
    () => false,
  );
}

/** Ports that nobody has; all are held until the last is found, so that they differ. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}
