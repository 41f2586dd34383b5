import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { judge } from "./codex-bounds.ts";
import type { Bounds } from "./codex-settings.ts";

const root = realpathSync(mkdtempSync(join(tmpdir(), "agentloop-bounds-")));
const workspace = join(root, "workspace");
mkdirSync(join(workspace, "sub"), { recursive: true });
for (const name of ["workspace/picture.png", "workspace/.env", "beside.png"])
  writeFileSync(join(root, name), "x");
symlinkSync(join(root, "beside.png"), join(workspace, "link.png"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const BOUNDS: Bounds = {
  approvalPolicy: "suggest",
  sandbox: "workspace-write",
  network: false,
  workspace,
  hidden: [join(workspace, ".env")],
  profileOf: (mode) => `ours-${mode}`,
};
const judged = (message: object, more: Partial<Bounds> = {}) =>
  judge(JSON.stringify(message), { ...BOUNDS, ...more });

const asked = (method: string, params: object, more: Partial<Bounds> = {}) =>
  judged({ id: 7, method, params }, more);

const refusal = (message: RegExp) => ({
  kind: "refuse",
  id: 7,
  code: -32600,
  message: expect.stringMatching(message) as string,
});

const paramsOf = (verdict: ReturnType<typeof judge>) =>
  verdict.kind === "pass" ? (JSON.parse(verdict.frame) as { params: unknown }).params : verdict;

describe("what is wider than the server's bounds is refused", () => {
  test.each([
    [{ sandbox: "danger-full-access", sandboxPolicy: { type: "readOnly" } }, /danger-full-access is wider/],
    [{ sandbox: "read-only", sandboxPolicy: { type: "dangerFullAccess" } }, /danger-full-access is wider/],
    [{ sandboxPolicy: { type: "externalSandbox" } }, /externalSandbox is not for clients/],
    [{ sandboxPolicy: { type: "constructor" } }, /constructor is not for clients/],
    [{ sandboxPolicy: { type: "__proto__" } }, /__proto__ is not for clients/],
    [{ sandboxPolicy: { type: "readOnly" } }, /begin a thread with the sandbox/],
    [{ sandbox: "somewhere" }, /sandbox/],
    [{ permissions: ":danger-full-access" }, /permissions are the server/],
    [{ path: "/etc/passwd" }, /path is not for clients/],
    [{ selectedCapabilityRoots: [{ id: "root" }] }, /selectedCapabilityRoots is not for clients/],
    [{ sandbox_policy: { type: "dangerFullAccess" } }, /sandbox_policy is not for clients/],
    [{ environments: [{ environmentId: "e" }] }, /environments/],
    [{ approvalsReviewer: "guardian" }, /expected user/],
    [{ config: { mcp_servers: {} } }, /config.mcp_servers/],
    [{ config: { default_permissions: ":danger-full-access" } }, /config.default_permissions/],
  ])("thread/start %j", (params, message) => {
    expect(asked("thread/start", params)).toEqual(refusal(message));
  });
});

test.each([
  "thread/start",
  "thread/resume",
  "thread/fork",
  "turn/start",
  "config/read",
  "permissionProfile/list",
])("%s may name no other folder than the workspace: the engine would trust its configuration", (method) => {
  for (const cwd of ["/", "sub", join(workspace, "sub"), `${workspace}/sub/..`, join(root, "none")]) {
    expect(asked(method, { cwd })).toEqual(refusal(/is not the server's workspace/));
  }
  for (const cwd of [workspace, ".", null]) expect(asked(method, { cwd }).kind).toBe("pass");
});

test.each(["skills/list", "hooks/list", "plugin/list", "plugin/installed"])(
  "%s reads no other folder",
  (method) => {
    expect(asked(method, { cwds: [workspace, "/root"] })).toEqual(
      refusal(/\/root is not the server's workspace/),
    );
    expect(asked(method, { cwds: [workspace] }).kind).toBe("pass");
  },
);

test.each(["localImage", "localAudio"])(
  "a %s is read from the workspace alone, and is nothing hidden",
  (type) => {
    for (const method of ["turn/start", "turn/steer"]) {
      const withFile = (path: string) => asked(method, { threadId: "t", input: [{ type, path }] });
      for (const path of ["/etc/passwd", "../beside.png", "link.png", ".env", "none.png"]) {
        expect(withFile(path)).toEqual(refusal(/is no file in the server's workspace/));
      }
      for (const path of ["picture.png", join(workspace, "picture.png")])
        expect(withFile(path).kind).toBe("pass");
    }
  },
);

test.each([
  "command/exec",
  "config/mcpServer/reload",
  "config/value/write",
  "environment/add",
  "fs/readFile",
  "process/spawn",
  "skills/extraRoots/set",
  "thread/approveGuardianDeniedAction",
  "thread/attachment/add",
  "thread/prepareApprovedPlan",
  "thread/queue/add",
  "thread/revert",
  "thread/sample",
  "thread/shellCommand",
  "thread/whatComesNext",
  "turn/whatComesNext",
  "constructor",
])("%s does not pass", (method) => {
  expect(asked(method, {})).toEqual(refusal(/does not pass/));
});

describe("a sandbox that a client names", () => {
  test.each(["thread/start", "thread/resume", "thread/fork"])(
    "becomes the server's profile (%s)",
    (method) => {
      const params = { threadId: "t", sandbox: "read-only", config: { model_verbosity: "low" } };
      expect(paramsOf(asked(method, params))).toEqual({
        threadId: "t",
        sandbox: null,
        config: { model_verbosity: "low", default_permissions: "ours-read-only" },
      });
    },
  );

  test("for a turn is that of its thread", () => {
    const params = { threadId: "t", input: [], sandboxPolicy: { type: "workspaceWrite", writableRoots: [] } };
    expect(paramsOf(asked("turn/start", params))).toEqual({ threadId: "t", input: [], sandboxPolicy: null });
  });

  test("may be named by the server's profile, unless that is wider", () => {
    const params = { permissions: "ours-workspace-write" };
    expect(paramsOf(asked("thread/start", params))).toEqual(params);
    for (const sandbox of ["read-only", "danger-full-access"] as const) {
      expect(asked("thread/start", params, { sandbox })).toEqual(refusal(/permissions are the server/));
    }
  });

  test("passes as it is where the server has no profile", () => {
    const params = { sandbox: "read-only" };
    expect(paramsOf(asked("thread/start", params, { sandbox: "danger-full-access" }))).toEqual(params);
  });
});

test("a frame within the bounds passes byte by byte", () => {
  const frame = `{ "id":1 , "method":"turn/start","params":{"threadId":"t","input":[],"cwd":null,"big":null} }`;
  expect(judge(frame, BOUNDS)).toEqual({ kind: "pass", frame });
  const nothing = { permissions: null, environments: [], selectedCapabilityRoots: [], path: null };
  expect(asked("thread/start", nothing).kind).toBe("pass");
});

test.each([
  { acceptWithExecpolicyAmendment: { execpolicy_amendment: ["touch"] } },
  { applyNetworkPolicyAmendment: { network_policy_amendment: { action: "allow", host: "a.example" } } },
  {},
])("a decision that makes a rule, %j, becomes a decline", (decision) => {
  for (const more of [{}, { method: "turn/interrupt" }]) {
    expect(judged({ id: 4, result: { decision }, ...more })).toEqual({
      kind: "decline",
      answer: '{"id":4,"result":{"decision":"decline"}}',
      message: expect.stringContaining("Expected a decision of one word") as string,
    });
  }
});

test.each(["accept", "acceptForSession", "decline", "cancel"])("the decision %s passes", (decision) => {
  expect(judged({ id: 4, result: { decision } }).kind).toBe("pass");
});

test("where nothing is bounded, everything passes", () => {
  const free = { sandbox: "danger-full-access", approvalPolicy: "full-auto" } as const;
  expect(asked("command/exec", { command: ["id"] }, free).kind).toBe("pass");
  expect(judged({ id: 4, result: { decision: {} } }, free).kind).toBe("pass");
});
