// Builds the server's own program: dist/server, with all that it needs, and dist/ws-server.js, which starts it.
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

export const SERVER_FOLDER = "dist/server";

export default async function buildServer() {
  const { version, engines } = JSON.parse(readFileSync("package.json", "utf8"));
  await build({
    entryPoints: { main: "src/ws-server.ts", "user-worker": "src/user-worker.ts" },
    outdir: SERVER_FOLDER,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node22",
    // Chunks keep each provider's SDK unread until its first model is asked for.
    splitting: true,
    chunkNames: "[name]-[hash]",
    // Some packages are CommonJS and call `require`, which an ES module lacks.
    banner: {
      js: 'import { createRequire as createRequireForBundle } from "node:module"; const require = createRequireForBundle(import.meta.url);',
    },
    define: { BUNDLED_VERSION: JSON.stringify(version) },
    sourcemap: true,
    legalComments: "linked",
    logLevel: "warning",
  });
  // The grammar that shell commands are read with.
  for (const wasm of ["web-tree-sitter/web-tree-sitter.wasm", "tree-sitter-bash/tree-sitter-bash.wasm"]) {
    copyFileSync(`node_modules/${wasm}`, `${SERVER_FOLDER}/${wasm.split("/")[1]}`);
  }
  writeFileSync("dist/ws-server.js", entry(engines.node));
  chmodSync("dist/ws-server.js", 0o755);
}

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
