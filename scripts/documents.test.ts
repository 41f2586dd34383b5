import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { ClientMessage, ServerMessage } from "../src/contract/message.ts";
import { ClientFrame } from "../src/protocols/agent-stream/frames.ts";
import { MessagesRequest } from "../src/protocols/codex-events/request.ts";
import { readPayload } from "../src/protocols/investigate/payload.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const documents = ["README.md", ...globSync("docs/*.md", { cwd: root })];

/** The lines of all blocks of a kind, e.g. "json client". */
function framesOf(document: string, kind: string): string[] {
  const text = readFileSync(join(root, document), "utf8");
  const blocks = [...text.matchAll(new RegExp(`^\`\`\`${kind}\\n(.*?)^\`\`\``, "gms"))];
  return blocks.flatMap(([, block = ""]) => block.trim().split("\n"));
}

/** Every place of the documents in brackets that points into the repository. */
function linksOf(document: string): string[] {
  const text = readFileSync(join(root, document), "utf8");
  return [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, target = ""]) =>
    join(document, "..", target),
  );
}

describe.each(documents)("%s", (document) => {
  it("shows only frames that a server takes", () => {
    for (const frame of framesOf(document, "json client")) {
      expect(ClientMessage.safeParse(JSON.parse(frame)), frame).toMatchObject({ success: true });
    }
  });

  it("shows only frames that a server sends", () => {
    for (const frame of framesOf(document, "json server")) {
      expect(ServerMessage.safeParse(JSON.parse(frame)), frame).toMatchObject({ success: true });
    }
  });

  it.each([
    ["agent-stream", (frame: unknown) => ClientFrame.parse(frame)],
    ["investigate", readPayload],
    ["messages", (frame: unknown) => MessagesRequest.parse(frame)],
  ] as const)("shows only what the door %s takes", (door, read) => {
    for (const frame of framesOf(document, `json ${door}`)) {
      expect(() => read(JSON.parse(frame)), frame).not.toThrow();
    }
  });

  it("points only at files that are there", () => {
    const there = linksOf(document).filter((target) => globSync(target, { cwd: root }).length === 0);
    expect(there).toEqual([]);
  });
});

it("docs/extending.md names only files that are there", () => {
  const text = readFileSync(join(root, "docs/extending.md"), "utf8");
  const named = [...text.matchAll(/`([\w./-]+\/[\w./-]*|[\w.-]+\.(?:md|ts|example))`/g)].map(
    ([, path = ""]) => path,
  );
  expect(named.length).toBeGreaterThan(30);
  const missing = named.filter((path) => !path.includes("NAME") && !existsSync(join(root, path)));
  expect(missing).toEqual([]);
});

it("docs/troubleshooting.md quotes only what the sources say", () => {
  const files = globSync(["src/**/*.{ts,tsx}", "scripts/build-server.mjs"], { cwd: root });
  const sources = files
    .filter((file) => !/\.test\.|\.suite\.|testing\//.test(file))
    // A text that goes on in the next line is one text.
    .map((file) => readFileSync(join(root, file), "utf8").replaceAll(/["`]\s*\+\s*["`]/g, ""))
    .join("\n");
  const text = readFileSync(join(root, "docs/troubleshooting.md"), "utf8");
  const rows = [...text.matchAll(/^\| (.*?`.*?) \| (.+?) \| (.+?) \|$/gm)];
  expect(rows.length).toBeGreaterThan(35);
  const quotes = rows.flatMap(([, said = ""]) =>
    [...said.matchAll(/`([^`]+)`/g)].map(([, quote = ""]) => quote),
  );
  expect(quotes.filter((quote) => !sources.includes(quote))).toEqual([]);
});

it("the README shows every type of message", () => {
  const shown = [...framesOf("README.md", "json client"), ...framesOf("README.md", "json server")];
  const types = new Set(shown.map((frame) => (JSON.parse(frame) as { type: string }).type));
  for (const { shape } of ClientMessage.options) expect(types).toContain(shape.type.value);
  const answers = ["context_info", "context_compacted"];
  for (const { shape } of ServerMessage.options) {
    if (!answers.includes(shape.type.value)) expect(types).toContain(shape.type.value);
  }
});

it("the README's scripts are those of the package", () => {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    scripts: Record<string, string>;
  };
  const named = [
    ...readFileSync(join(root, "README.md"), "utf8").matchAll(/npm run (?:--silent )?([\w:]+)/g),
  ];
  for (const [, name = ""] of named) expect(scripts).toHaveProperty([name]);
});
