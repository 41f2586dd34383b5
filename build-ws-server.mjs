// Builds dist/ws-server.js: the server with all that it needs, in files that run without node_modules; the web UI;
// and the typed client. With --fresh nothing of the builds before is left.
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { build } from "esbuild";
import buildClient from "./scripts/build-client.mjs";
import buildWeb, { WEB_FOLDER } from "./scripts/build-web.mjs";

const { version, engines } = JSON.parse(readFileSync("package.json", "utf8"));

const started = Date.now();
if (process.argv.includes("--fresh")) rmSync("dist", { recursive: true, force: true });

await build({
  entryPoints: { "server/main": "src/ws-server.ts", "server/user-worker": "src/user-worker.ts" },
  outdir: "dist",
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node22",
  // Chunks keep each provider's SDK unread until its first model is asked for.
  splitting: true,
  chunkNames: "server/[name]-[hash]",
  // Some packages are CommonJS and call `require`, which an ES module lacks.
  banner: {
    js: 'import { createRequire as createRequireForBundle } from "node:module"; const require = createRequireForBundle(import.meta.url);',
  },
  define: { BUNDLED_VERSION: JSON.stringify(version) },
  sourcemap: true,
  legalComments: "linked",
  logLevel: "warning",
});

await buildWeb();
await buildClient();

// A server that runs reads its chunks when they are first needed: those of the build before stay for a while.
const DAY_MS = 86_400_000;
for (const folder of ["dist/server", WEB_FOLDER]) {
  for (const name of readdirSync(folder)) {
    const path = `${folder}/${name}`;
    if (statSync(path).mtimeMs < started - DAY_MS) rmSync(path, { recursive: true });
  }
}

// The grammar that shell commands are read with.
for (const wasm of ["web-tree-sitter/web-tree-sitter.wasm", "tree-sitter-bash/tree-sitter-bash.wasm"]) {
  copyFileSync(`node_modules/${wasm}`, `dist/server/${wasm.split("/")[1]}`);
}
mkdirSync("dist", { recursive: true });
writeFileSync("dist/ws-server.js", entry(engines.node));
chmodSync("dist/ws-server.js", 0o755);

/** Must parse on any Node that knows modules: an older one is told what is needed, in place of a syntax error. */
function entry(range) {
  const [major, minor] = range.replace(">=", "").split(".").map(Number);
  // Young objects in less memory: a third less in all, for no more work.
  return `#!/usr/bin/env -S node --max-semi-space-size=8
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < ${major} || (major === ${major} && minor < ${minor})) {
  console.error("AgentLoop Server needs Node ${major}.${minor} or newer; this is " + process.version + ". \\"npm start\\" brings its own.");
  process.exit(1);
}
await import("./server/main.js");
`;
}
