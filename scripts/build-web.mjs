// Builds the web UI into dist/web: main.js with its lazy chunks, main.css, and the page itself.
import { copyFileSync } from "node:fs";
import { build } from "esbuild";

export const WEB_FOLDER = "dist/web";

export default async function buildWeb() {
  await build({
    entryPoints: { main: "src/web/main.tsx" },
    outdir: WEB_FOLDER,
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: ["chrome123", "firefox120", "safari17.5"],
    splitting: true,
    chunkNames: "[name]-[hash]",
    jsx: "automatic",
    define: { "process.env.NODE_ENV": '"production"' },
    legalComments: "linked",
    logLevel: "warning",
  });
  copyFileSync("src/web/index.html", `${WEB_FOLDER}/index.html`);
}
