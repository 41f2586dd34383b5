import { expect, test } from "vitest";
import { engineEnvironment } from "./environment.ts";
import { engineArguments, type EngineSettings } from "./settings.ts";
import { toml } from "./toml.ts";

const folders = {
  state: "/own/state/1",
  data: "/own/hidden/1",
  hidden: "/own/hidden",
  home: "/own/home",
  temporary: "/own/tmp/1",
};
const settings: EngineSettings = {
  policy: "suggest",
  sandbox: "workspace-write",
  network: false,
  workspace: "/work",
  hidden: ["/work/.env", "/logs"],
  readOnly: ["/work/program", "/elsewhere/program"],
  folders,
  hasKey: true,
  marker: "m.1",
};

/** What was overridden, by name. */
const overrides = (more: Partial<EngineSettings> = {}) => {
  const args = engineArguments({ ...settings, ...more });
  const pairs = args.slice(1).filter((each) => each !== "-c");
  return Object.fromEntries(
    pairs.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]),
  );
};

test("values are TOML on one line", () => {
  expect(toml({ a: ['x"y', 1, true], "b c": {} })).toBe('{"a"=["x\\"y",1,true],"b c"={}}');
  expect(toml("del\u007f")).toBe('"del\\u007f"');
});

test("its sandbox hides what ours hides, and what the engine writes down", () => {
  const profile = overrides()["permissions.agentloop-m-1-workspace-write"] ?? "";
  expect(profile).toContain('"extends"=":workspace"');
  for (const path of ["/work/.env", "/logs", "/own/hidden"]) expect(profile).toContain(`"${path}"="deny"`);
  expect(profile).toContain('"/work/program"="read"');
  expect(profile).not.toContain("elsewhere");
  expect(overrides()["sqlite_home"]).toBe('"/own/hidden/1/databases"');
  expect(profile).toContain('":slash_tmp"="read"');
  expect(profile).not.toContain("network");
});

test.each([
  ["read-only", /":read-only"/],
  ["workspace-write", /":workspace"/],
] as const)("%s is a profile of ours", (sandbox, extended) => {
  expect(overrides({ sandbox })[`permissions.agentloop-m-1-${sandbox}`]).toMatch(extended);
  expect(overrides({ sandbox })["default_permissions"]).toBe(`"agentloop-m-1-${sandbox}"`);
});

test("without a sandbox there is no profile, and the network opens only with SANDBOX_NETWORK", () => {
  const wide = overrides({ sandbox: "danger-full-access" });
  expect(wide["sandbox_mode"]).toBe('"danger-full-access"');
  expect(Object.keys(wide).filter((name) => name.startsWith("permissions."))).toEqual([]);
  expect(overrides({ network: true })["permissions.agentloop-m-1-workspace-write"]).toContain(
    '"network"={"enabled"=true}',
  );
  expect(overrides()["web_search"]).toBe('"disabled"');
});

test("the base URL and the key's variable are those of its provider", () => {
  const provider = overrides({ baseUrl: "http://127.0.0.1:1/v1" })["model_providers.agentloop"];
  expect(provider).toContain('"base_url"="http://127.0.0.1:1/v1"');
  expect(provider).toContain('"env_key"="OPENAI_API_KEY"');
  expect(overrides()["model_providers.agentloop"]).toContain("https://api.openai.com/v1");
  const login = overrides({ hasKey: false, baseUrl: "http://127.0.0.1:1/v1" });
  expect(login["model_providers.agentloop"]).toContain('"requires_openai_auth"=true');
  expect(overrides({ hasKey: false })["model_provider"]).toBeUndefined();
});

test("nothing of our environment passes but what it needs", () => {
  const source = {
    PATH: "/bin",
    HTTPS_PROXY: "http://p",
    ANTHROPIC_API_KEY: "k",
    NODE_OPTIONS: "x",
    HOME: "/root",
  };
  const env = engineEnvironment({ source, folders, apiKey: "sk", rustLog: "info", marker: "m-1" });
  expect(env).toEqual({
    PATH: "/bin",
    HTTPS_PROXY: "http://p",
    TERM: "dumb",
    SHELL: "/bin/bash",
    CODEX_HOME: "/own/state/1",
    HOME: "/own/home",
    TMPDIR: "/own/tmp/1",
    AGENTLOOP_ENGINE: "m-1",
    OPENAI_API_KEY: "sk",
    RUST_LOG: "info",
  });
});
