// Builds the typed client into dist/client: index.js for Node and browsers, and index.d.ts, which needs no other package.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";

const CLIENT_FOLDER = "dist/client";

export default async function buildClient() {
  await build({
    entryPoints: { index: "src/client/client.ts" },
    outdir: CLIENT_FOLDER,
    bundle: true,
    format: "esm",
    platform: "neutral",
    target: "es2024",
    logLevel: "warning",
  });
  writeFileSync(join(CLIENT_FOLDER, "index.d.ts"), await declarations());
}

/** The client's own types as the compiler tells them, after those of the messages. */
async function declarations() {
  const folder = mkdtempSync(join(tmpdir(), "agentloop-types-"));
  try {
    const compiler = "node_modules/typescript/bin/tsc";
    const options = [
      "--ignoreConfig",
      "--declaration",
      "--emitDeclarationOnly",
      "--noCheck",
      "--outDir",
      folder,
    ];
    const language = ["--target", "es2024", "--module", "nodenext", "--strict"];
    const sources = ["--allowImportingTsExtensions", "--types", "node", "src/client/client.ts"];
    execFileSync(process.execPath, [compiler, ...options, ...language, ...sources], { stdio: "inherit" });
    const own = ["connection-error", "client"].map((name) =>
      readFileSync(join(folder, "client", `${name}.d.ts`), "utf8"),
    );
    return [await messageTypes(), ...own.map(withoutImports)].join("\n");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const withoutImports = (text) =>
  text.replaceAll(/^(?:import [^;]*;|export \{[^}]*\} from [^;]*;|export \{\};)\n/gm, "");

/** The schemas of the messages say the same as their types, and can be read by a program. */
async function messageTypes() {
  const { z, named } = await loadSchemas();
  const registry = z.registry();
  for (const [id, schema] of Object.entries(named))
    if (schema instanceof z.ZodType) registry.add(schema, { id });
  // Their names and words are for the descriptions: here they are told by the names that they are exported by.
  const { schemas } = z.toJSONSchema(registry, {
    uri: (id) => id,
    unrepresentable: "any",
    metadata: registry,
  });
  const wanted = namesIn(schemas, ["ServerMessage", "Review", "ApprovalPolicy", "InputText", "InputImage"]);
  const types = [...wanted].map(
    (name) => `export type ${name} = ${typeOf(schemas[name]).replaceAll("} | {", "}\n  | {")};`,
  );
  const rest = `export type SessionInfo = Extract<ServerMessage, { type: "session_info" }>["payload"];

export interface InputItem {
  type: "message";
  role: "user" | "system" | "developer";
  content: (InputText | InputImage)[];
}`;
  return ["// The types of the AgentLoop protocol and of its client.", ...types, rest, ""].join("\n\n");
}

/** Bundled first, because an older Node cannot load the sources as they are. */
async function loadSchemas() {
  const { outputFiles } = await build({
    stdin: {
      contents: `
        import { z } from "zod";
        import * as item from "./src/contract/item.ts";
        import * as message from "./src/contract/message.ts";
        export { z };
        export const named = { ...item, ...message };`,
      resolveDir: process.cwd(),
    },
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    logLevel: "warning",
  });
  const code = Buffer.from(outputFiles[0].contents).toString("base64");
  return await import(`data:text/javascript;base64,${code}`);
}

/** With all that they refer to. */
function namesIn(schemas, names, found = new Set()) {
  for (const name of names) {
    if (found.has(name)) continue;
    found.add(name);
    const refs = JSON.stringify(schemas[name]).matchAll(/"\$ref":"(\w+)"/g);
    namesIn(
      schemas,
      [...refs].map(([, ref]) => ref),
      found,
    );
  }
  return found;
}

function typeOf(schema) {
  if (schema.$ref !== undefined) return schema.$ref;
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((word) => JSON.stringify(word)).join(" | ");
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return choices.map(typeOf).join(" | ");
  if (Array.isArray(schema.type)) return schema.type.map((type) => typeOf({ ...schema, type })).join(" | ");
  switch (schema.type) {
    case "object":
      return objectType(schema);
    case "array":
      return `(${typeOf(schema.items)})[]`;
    case "string":
    case "number":
    case "boolean":
    case "null":
      return schema.type;
    default:
      if (Object.keys(schema).every((key) => key === "$id" || key === "$schema")) return "unknown";
      throw new Error(`no type is known for ${JSON.stringify(schema)}`);
  }
}

function objectType({ properties, required = [], additionalProperties }) {
  const fields = Object.entries(properties).map(
    ([name, schema]) => `${name}${required.includes(name) ? "" : "?"}: ${typeOf(schema)}`,
  );
  if (additionalProperties !== false) fields.push("[name: string]: unknown");
  return `{ ${fields.join("; ")} }`;
}
