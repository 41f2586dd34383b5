import { defineConfig } from "oxlint";

/** The rooms of src/ that stand side by side: each imports contract/ and itself. */
const ROOMS = [
  "agents",
  "models",
  "tools",
  "sandboxes",
  "protocols",
  "channels",
  "audit",
  "pages",
  "client",
  "web",
  "description",
  "observe",
];

/** Rooms within a room that do not know each other either. */
const INNER_ROOMS: Record<string, string[]> = {
  agents: ["loop", "codex"],
  models: ["openai", "anthropic", "google", "scripted"],
  tools: ["shell", "apply-patch"],
};

/** A foreign package, and the files that may import it. */
const PACKAGES: { name: string; files: string[] }[] = [
  { name: "openai", files: ["src/models/openai/"] },
  { name: "@anthropic-ai/sdk", files: ["src/models/anthropic/"] },
  { name: "@google/genai", files: ["src/models/google/"] },
  { name: "eventsource-parser", files: ["src/models/"] },
  { name: "ws", files: ["src/channels/ws.ts"] },
  { name: "node:http2", files: ["src/server/", "src/channels/http2.ts"] },
  { name: "node:child_process", files: ["src/sandboxes/", "src/agents/codex/"] },
  { name: "dotenv", files: ["src/config/"] },
  { name: "react", files: ["src/web/"] },
  { name: "prom-client", files: ["src/observe/"] },
  { name: "@opentelemetry/api", files: ["src/observe/"] },
];

const intoFolder = (folder: string) => `^\\.{1,2}/(?:.*/)?${folder}/`;
const intoPackage = (name: string) => `^${name}(?:/|$)`;

/** What the files of one place may not import: every room but its own, and every package that lives elsewhere. */
function walls(place: string, rooms: string[]) {
  const forbiddenPackages = PACKAGES.filter(({ files }) => !files.some((file) => place.startsWith(file)));
  return {
    "no-restricted-imports": [
      "error",
      {
        patterns: [
          ...rooms.map((room) => ({ regex: intoFolder(room), message: `${place} may not know ${room}/.` })),
          ...forbiddenPackages.map(({ name, files }) => ({
            regex: intoPackage(name),
            message: `${name} is imported in ${files.join(", ")} only.`,
          })),
        ],
      },
    ],
  };
}

const roomWalls = ROOMS.flatMap((room) => {
  const others = ROOMS.filter((other) => other !== room);
  // A room that stands on another one: the web application on the typed client.
  const forbidden = room === "web" ? others.filter((other) => other !== "client") : others;
  const whole = { files: [`src/${room}/**`], rules: walls(`src/${room}/`, forbidden) };
  const inner = (INNER_ROOMS[room] ?? []).map((name) => ({
    files: [`src/${room}/${name}/**`],
    rules: walls(`src/${room}/${name}/`, [
      ...forbidden,
      ...(INNER_ROOMS[room] ?? []).filter((other) => other !== name),
    ]),
  }));
  return [whole, ...inner];
});

const fileWalls = PACKAGES.flatMap(({ files }) => files)
  .filter((file) => file.endsWith(".ts") && file.split("/").length === 3)
  .map((file) => ({
    files: [file],
    rules: walls(
      file,
      ROOMS.filter((room) => !file.startsWith(`src/${room}/`)),
    ),
  }));

export default defineConfig({
  plugins: ["typescript", "unicorn", "oxc", "import", "promise", "vitest"],
  categories: { correctness: "error", suspicious: "error" },
  options: { typeAware: true },
  rules: {
    "import/no-cycle": "error",
    "import/no-unassigned-import": "off",
    "no-await-in-loop": "off",
    "no-shadow": "off",
    "no-underscore-dangle": "off",
    "no-console": "error",
    "typescript/no-explicit-any": "error",
    "typescript/no-floating-promises": "error",
    "typescript/no-misused-promises": "error",
    "typescript/switch-exhaustiveness-check": "error",
    "typescript/no-unsafe-type-assertion": "off",
    "typescript/consistent-return": "off",
    "typescript/consistent-type-imports": "error",
    "max-depth": ["error", 4],
    "max-params": ["error", { max: 5 }],
    "unicorn/no-array-sort": "off",
    "unicorn/consistent-function-scoping": "off",
  },
  overrides: [
    { files: ["src/**"], rules: { "node/no-process-env": "error" }, plugins: ["node"] },
    {
      files: ["src/cli/**"],
      rules: walls(
        "src/cli/",
        ROOMS.filter((room) => room !== "audit"),
      ),
    },
    { files: ["src/contract/**"], rules: walls("src/contract/", ROOMS) },
    { files: ["src/sessions/**"], rules: walls("src/sessions/", ROOMS) },
    { files: ["src/config/**"], rules: walls("src/config/", ROOMS) },
    {
      files: ["src/server/**"],
      rules: walls(
        "src/server/",
        ROOMS.filter((room) => !["channels", "protocols", "pages", "description"].includes(room)),
      ),
    },
    ...roomWalls,
    ...fileWalls,
    // A test may build what it needs: the walls are for the house itself.
    {
      files: ["**/*.test.ts", "**/*.suite.ts", "src/testing/**"],
      plugins: ["node", "vitest"],
      rules: {
        "no-restricted-imports": "off",
        "node/no-process-env": "off",
        "max-params": "off",
        "vitest/require-mock-type-parameters": "off",
        "vitest/no-conditional-expect": "off",
        "vitest/expect-expect": "off",
        "vitest/no-standalone-expect": "off",
        "vitest/valid-title": "off",
        "vitest/valid-expect": ["error", { maxArgs: 2 }],
      },
    },
    { files: ["src/config/config.ts"], plugins: ["node"], rules: { "node/no-process-env": "off" } },
    {
      files: ["examples/**", "scripts/**", "bench/**", "*.mjs", "*.config.ts"],
      rules: { "no-console": "off" },
    },
  ],
  ignorePatterns: ["dist/**"],
});
