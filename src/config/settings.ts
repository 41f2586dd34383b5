import { isIP } from "node:net";
import { isAbsolute } from "node:path";
import { z } from "zod";
import { Provider } from "../contract/item.ts";
import { ApprovalPolicy, SandboxMode } from "../contract/message.ts";

/** One variable of the environment, of a `.env` file, or of a flag. */
export interface Setting {
  name: string;
  /** Other names for it; the first that is set counts. */
  aliases?: readonly string[];
  /** As it would be written in the environment. */
  default?: string;
  /** What a value must be, in words that follow "expected". */
  expected: string;
  schema: z.ZodType<unknown, string>;
  /** Never shown: not in an error, not in a log. */
  secret?: true;
  /** Never taken from a `.env` that may have come with a cloned repository. */
  guarded?: true;
  /** A path, relative to the start folder; `file` and `folder` must exist. */
  path?: "file" | "folder" | "any";
  /** Set to nothing it means something else than not set at all. */
  emptyCounts?: true;
}

const text = { expected: "a text", schema: z.string() };

const choice = <const Words extends readonly string[]>(words: Words) => ({
  expected: `one of ${words.join(", ")}`,
  schema: z.enum(words),
});

function number(min: number, max: number, unit = "a number") {
  const schema = z
    .string()
    .regex(/^\d+(\.\d+)?$/)
    .transform(Number)
    .pipe(z.number().min(min).max(max));
  return { expected: `${unit} from ${min} to ${max}`, schema };
}

function wholeNumber(min: number, max: number) {
  const { expected, schema } = number(min, max, "a whole number");
  return { expected, schema: schema.pipe(z.int()) };
}

/** Given in seconds, kept in milliseconds. A week is more than any of them needs, and less than timers can bear. */
function seconds(min: number) {
  const { expected, schema } = number(min, 604_800, "a number of seconds");
  return { expected, schema: schema.transform((value) => value * 1000) };
}

function list(expected: string, valid: (entry: string) => boolean) {
  const entries = (value: string) =>
    value
      .split(",")
      .map((entry) => entry.trim())
      .filter((entry) => entry !== "");
  const schema = z
    .string()
    .transform(entries)
    .refine((all) => all.every(valid))
    .readonly();
  return { default: "", expected: `${expected}, separated by commas`, schema };
}

const key = { expected: "a key without spaces", schema: z.string().regex(/^\S+$/), secret: true as const };

const baseUrl = {
  expected: "an http:// or https:// URL without a user name or password",
  schema: z.string().refine((value) => {
    const url = URL.parse(value);
    return url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "";
  }),
  guarded: true as const,
};

const isOrigin = (entry: string) => URL.parse(entry)?.origin === entry;

const withoutBrackets = (host: string) => host.replace(/^\[(.*)\]$/, "$1");

const isHost = (host: string) => isIP(host) !== 0 || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(host);

const isHostWithPort = (entry: string) =>
  isHost(withoutBrackets(entry.replace(/:\d+$/, ""))) || isHost(entry);

const guarded = true as const;

/** Every setting of the server; the keys are the names in `Config`. */
export const SETTINGS = {
  openaiApiKey: { name: "OPENAI_API_KEY", ...key },
  anthropicApiKey: { name: "ANTHROPIC_API_KEY", ...key },
  googleApiKey: { name: "GOOGLE_API_KEY", aliases: ["GEMINI_API_KEY"], ...key },
  googleCredentialsPath: {
    name: "GOOGLE_APPLICATION_CREDENTIALS",
    expected: "the path of a service account file",
    schema: z.string(),
    path: "file",
    guarded,
  },
  googleProject: { name: "GOOGLE_CLOUD_PROJECT", ...text },
  googleLocation: { name: "GOOGLE_CLOUD_LOCATION", ...text },
  openaiBaseUrl: { name: "OPENAI_BASE_URL", ...baseUrl },
  anthropicBaseUrl: { name: "ANTHROPIC_BASE_URL", ...baseUrl },
  googleBaseUrl: { name: "GOOGLE_GEMINI_BASE_URL", ...baseUrl },
  googleVertexBaseUrl: { name: "GOOGLE_VERTEX_BASE_URL", ...baseUrl },
  openaiWireApi: { name: "OPENAI_WIRE_API", default: "responses", ...choice(["responses", "chat"]) },

  model: { name: "MODEL", default: "codex-mini-latest", ...text },
  provider: { name: "PROVIDER", ...choice(Provider.options) },
  codexBin: {
    name: "CODEX_BIN",
    expected: "the path of the codex program",
    schema: z.string(),
    path: "file",
    guarded,
  },
  codexHome: {
    name: "CODEX_HOME",
    expected: "the path of a folder",
    schema: z.string(),
    path: "folder",
    guarded,
  },
  codexBridge: { name: "CODEX_BRIDGE", default: "false", ...choice(["true", "false"]), guarded },
  codexMaxProcesses: { name: "CODEX_MAX_PROCESSES", default: "20", ...wholeNumber(1, 10_000), guarded },
  rustLog: { name: "RUST_LOG", ...text },
  modelRegistryPath: {
    name: "MODEL_REGISTRY_PATH",
    expected: "the path of a JSON file",
    schema: z.string(),
    path: "file",
    guarded,
  },
  modelIdleTimeoutMs: { name: "MODEL_IDLE_TIMEOUT_SECONDS", default: "90", ...seconds(1) },

  fallbackModel: { name: "FALLBACK_MODEL", ...text },
  maxSessionCostUsd: { name: "MAX_SESSION_COST_USD", ...number(0, 1_000_000) },
  maxSessionTokens: { name: "MAX_SESSION_TOKENS", ...wholeNumber(1, 1_000_000_000_000) },
  maxServerCostUsd: { name: "MAX_SERVER_COST_USD", ...number(0, 1_000_000) },
  maxServerTokens: { name: "MAX_SERVER_TOKENS", ...wholeNumber(1, 1_000_000_000_000) },

  instructions: { name: "INSTRUCTIONS", default: "", ...text },
  instructionsFilePath: {
    name: "INSTRUCTIONS_FILE_PATH",
    expected: "the path of a text file",
    schema: z.string(),
    path: "file",
    guarded,
  },
  contextStrategy: { name: "CONTEXT_STRATEGY", default: "threshold", ...choice(["threshold", "dummy"]) },
  contextCompactionThreshold: { name: "CONTEXT_COMPACTION_THRESHOLD", default: "0.8", ...number(0.1, 1) },
  maxTurnSteps: { name: "MAX_TURN_STEPS", default: "100", ...wholeNumber(1, 100_000) },

  workspace: {
    name: "WORKING_DIRECTORY",
    default: ".",
    expected: "a folder that exists",
    schema: z.string(),
    path: "folder",
    guarded,
  },
  workRoots: { name: "WORK_ROOTS", ...list("absolute paths of folders", isAbsolute), guarded },
  approvalPolicy: {
    name: "APPROVAL_POLICY",
    aliases: ["TOOL_USE_APPROVAL_MODE"],
    default: "suggest",
    ...choice(ApprovalPolicy.options),
    guarded,
  },
  approvalTimeoutMs: { name: "APPROVAL_TIMEOUT_SECONDS", default: "600", ...seconds(1) },
  sandbox: { name: "SANDBOX", default: "workspace-write", ...choice(SandboxMode.options), guarded },
  sandboxNetwork: { name: "SANDBOX_NETWORK", default: "off", ...choice(["off", "on"]), guarded },
  sandboxUser: {
    name: "SANDBOX_USER",
    expected: "the name of a user of this machine",
    schema: z.string().regex(/^[\w.-]+\$?$/),
    guarded,
  },
  toolTimeoutMs: { name: "TOOL_TIMEOUT_SECONDS", default: "120", ...seconds(1) },
  maxToolOutputBytes: { name: "MAX_TOOL_OUTPUT_BYTES", default: "32768", ...wholeNumber(256, 16_777_216) },

  host: {
    name: "HOST",
    default: "127.0.0.1",
    expected: "an address or a host name, without a port",
    schema: z.string().transform(withoutBrackets).refine(isHost),
    guarded,
  },
  port: { name: "PORT", aliases: ["WS_PORT"], default: "8080", ...wholeNumber(0, 65_535) },
  basePath: {
    name: "BASE_PATH",
    default: "",
    expected: "a path such as /agent",
    schema: z
      .string()
      .regex(/^(?:\/(?!\.{1,2}(?:\/|$))[\w.~-]+)*\/?$/)
      .transform((path) => path.replace(/\/$/, "")),
    guarded,
  },
  authToken: {
    name: "AUTH_TOKEN",
    expected: "a token of printable ASCII characters without spaces",
    schema: z.string().regex(/^[!-~]+$/),
    secret: true,
    guarded,
  },
  tlsKeyPath: {
    name: "TLS_KEY_PATH",
    aliases: ["CODEX_API_TLS_KEY_PATH"],
    expected: "the path of a private key in PEM",
    schema: z.string(),
    path: "file",
    guarded,
  },
  tlsCertPath: {
    name: "TLS_CERT_PATH",
    aliases: ["CODEX_API_TLS_CERT_PATH"],
    expected: "the path of a certificate (with its chain) in PEM",
    schema: z.string(),
    path: "file",
    guarded,
  },
  tls: { name: "CODEX_API_USE_TLS", ...choice(["true", "false"]), guarded },
  allowedOrigins: {
    name: "ALLOWED_ORIGINS",
    ...list("origins such as https://app.example.com", isOrigin),
    guarded,
  },
  allowedHosts: {
    name: "ALLOWED_HOSTS",
    ...list("host names such as agent.example.com or agent.example.com:8443", isHostWithPort),
    guarded,
  },
  maxClients: { name: "MAX_CLIENTS", default: "1000", ...wholeNumber(1, 1_000_000) },
  maxClientsPerSession: {
    name: "MAX_CLIENTS_PER_SESSION",
    default: "100",
    ...wholeNumber(1, 1_000_000),
  },
  maxSessions: { name: "MAX_SESSIONS", default: "1000", ...wholeNumber(1, 1_000_000) },
  maxMessageBytes: { name: "MAX_MESSAGE_BYTES", default: "1048576", ...wholeNumber(1024, 268_435_456) },
  maxMessagesPerSecond: { name: "MAX_MESSAGES_PER_SECOND", default: "100", ...wholeNumber(1, 1_000_000) },
  sseIdleMs: { name: "SSE_IDLE_SECONDS", default: "600", ...seconds(1) },
  sessionDetachMs: { name: "SESSION_DETACH_SECONDS", default: "60", ...seconds(0) },
  shutdownMs: { name: "SHUTDOWN_SECONDS", default: "10", ...seconds(0) },

  sessionStorePath: {
    name: "SESSION_STORE_PATH",
    default: "./sessions",
    expected: "the path of a folder, or nothing to keep the logs in memory",
    schema: z.string().transform((path) => (path === "" ? undefined : path)),
    path: "any",
    emptyCounts: true,
    guarded,
  },
  auditDeltas: { name: "AUDIT_DELTAS", default: "batch", ...choice(["batch", "each", "final"]), guarded },
  auditDurability: {
    name: "AUDIT_DURABILITY",
    default: "barrier",
    ...choice(["barrier", "strict", "off"]),
    guarded,
  },
  auditSigningKey: {
    name: "AUDIT_SIGNING_KEY",
    expected: "64 hex digits",
    schema: z.string().regex(/^[0-9a-f]{64}$/i),
    secret: true,
    guarded,
  },
  auditWitnessUrl: { name: "AUDIT_WITNESS_URL", ...baseUrl },
  retentionDays: { name: "RETENTION_DAYS", ...wholeNumber(1, 36_500) },
  logLevel: {
    name: "LOG_LEVEL",
    default: "info",
    ...choice(["trace", "debug", "info", "warn", "error"]),
  },
} as const satisfies Record<string, Setting>;

type ValueOf<Entry extends Setting> = Entry extends { default: string }
  ? z.output<Entry["schema"]>
  : z.output<Entry["schema"]> | undefined;

export type Settings = {
  readonly [Field in keyof typeof SETTINGS]: ValueOf<(typeof SETTINGS)[Field]>;
};

/** Families of variables that a `.env` out of a cloned repository may not set, whether or not we know them. */
export const GUARDED_FAMILIES = /^(?:SANDBOX|ALLOWED_|CODEX_|TLS_)|_BASE_URL$/;
