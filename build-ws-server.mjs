// Builds dist/: the server, dist/ws-server.js, in files that run without node_modules; the web UI; and the typed client.
// With --fresh nothing of the builds before is left.
import { readdirSync, rmSync, statSync } from "node:fs";
import buildClient from "./scripts/build-client.mjs";
import buildServer, { SERVER_FOLDER } from "./scripts/build-server.mjs";
import buildWeb, { WEB_FOLDER } from "./scripts/build-web.mjs";

const started = Date.now();
if (process.argv.includes("--fresh")) rmSync("dist", { recursive: true, force: true });

await buildServer();
await buildWeb();
await buildClient();

// A server that runs reads its chunks when they are first needed: those of the build before stay for a while.
const DAY_MS = 86_400_000;
for (const folder of [SERVER_FOLDER, WEB_FOLDER]) {
  for (const name of readdirSync(folder)) {
    const path = `${folder}/${name}`;
    if (statSync(path).mtimeMs < started - DAY_MS) rmSync(path, { recursive: true });
  }
}
