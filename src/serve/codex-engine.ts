import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CodexAgent } from "../agents/codex/agent.ts";
import { AppServer } from "../agents/codex/app-server.ts";
import { EngineProcess, type Launch } from "../agents/codex/engine-process.ts";
import { engineEnvironment, type Folders } from "../agents/codex/environment.ts";
import type { Desk, Purse } from "../agents/codex/ports.ts";
import { findProgram } from "../agents/codex/program.ts";
import { Seats } from "../agents/codex/seats.ts";
import { engineArguments } from "../agents/codex/settings.ts";
import { Warden } from "../agents/codex/warden.ts";
import { Approvals } from "../agents/loop/approvals.ts";
import { askUser } from "../agents/loop/ask.ts";
import type { Budget } from "../agents/loop/budget.ts";
import { Conversation } from "../agents/loop/conversation.ts";
import { priced } from "../agents/loop/cost.ts";
import { decide, Grants } from "../agents/loop/policy.ts";
import { RedactedLog } from "../audit/redact/redacted-log.ts";
import type { Config } from "../config/config.ts";
import { AgentError } from "../contract/error.ts";
import type { LogStore } from "../contract/log.ts";
import type { ApprovalPolicy } from "../contract/message.ts";
import type { Model, ModelInfo, SelectModel } from "../contract/model.ts";
import type { Redactor } from "../contract/redact.ts";
import type { Place } from "../contract/sandbox.ts";
import type { ToolContext, Toolbox } from "../contract/tool.ts";
import { terminate } from "../sandboxes/terminate.ts";
import type { CodexBridgeOptions } from "../server/codex-bridge.ts";
import { VERSION } from "../version.ts";
import { hiddenPaths } from "./choose-places.ts";

interface AgentParts {
  model: Model;
  selectModel: SelectModel;
  toolbox: Toolbox;
  toolContext: ToolContext;
  approvalPolicy: ApprovalPolicy;
  budget: Budget;
}

interface BridgeParts {
  own: Place;
  logs: Pick<LogStore, "create">;
  redactor: Redactor;
}

/** Puts the parts of codex sessions together; processes are started when a turn needs one. */
export class CodexEngine {
  readonly #config: Config;
  readonly #seats: Seats;
  readonly #mark = randomUUID();
  readonly #warden = new Warden(this.#mark);
  #launches = 0;
  #folder: string | undefined;

  constructor(config: Config) {
    this.#config = config;
    this.#seats = new Seats(config.codexMaxProcesses);
  }

  /** Throws an Error that says what is missing. */
  check(): void {
    const { codexBin, codexHome, openaiApiKey, sandboxUser } = this.#config;
    findProgram(codexBin);
    if (openaiApiKey === undefined && codexHome === undefined) {
      throw new AgentError(
        "missing_api_key",
        "The codex engine needs OPENAI_API_KEY, or a CODEX_HOME in which codex login was run.",
      );
    }
    if (sandboxUser !== undefined) {
      throw new AgentError(
        "invalid_message",
        "SANDBOX_USER does not bind the codex engine, whose commands run as the server's user. Run the server as that user.",
      );
    }
  }

  createAgent(parts: AgentParts): CodexAgent {
    const { model, selectModel, toolbox, toolContext, approvalPolicy } = parts;
    const known = { info: model.info };
    return new CodexAgent({
      model: model.name,
      contextWindow: model.info.contextWindow,
      policy: approvalPolicy,
      instructions: this.#config.instructions,
      toolbox,
      toolContext,
      conversation: new Conversation(),
      desk: this.#desk(parts),
      purse: purseOf(parts.budget, known),
      seats: this.#seats,
      startServer: (signal) => AppServer.start(this.#launch(toolContext, approvalPolicy), VERSION, signal),
      modelOf: async (name) => {
        const chosen = await selectModel(name);
        if (chosen.provider !== "codex") throw otherEngine(`codex to ${chosen.provider}`);
        known.info = chosen.info;
        return chosen.name;
      },
    });
  }

  /** For clients that speak the engine's own protocol; undefined where nobody wants that. Throws as `check` does. */
  bridge({ own, logs, redactor }: BridgeParts): CodexBridgeOptions | undefined {
    const { codexBridge, approvalPolicy, sandboxNetwork } = this.#config;
    if (codexBridge === "false") return undefined;
    this.check();
    return {
      bounds: {
        approvalPolicy,
        sandbox: own.sandbox.mode,
        network: sandboxNetwork === "on",
        workspace: own.workspace,
      },
      start: () => this.#startForClient(own),
      createLog: (id) => new RedactedLog(logs.create(id), redactor),
      redactor,
    };
  }

  /** Throws AgentError `rate_limited`. */
  async #startForClient(place: Place): Promise<EngineProcess> {
    const seat = { isIdle: false, letGo: async () => undefined };
    await this.#seats.take(seat);
    try {
      const process = new EngineProcess(this.#launch(place, this.#config.approvalPolicy));
      void process.gone.then(() => this.#seats.free(seat));
      return process;
    } catch (error) {
      this.#seats.free(seat);
      throw error;
    }
  }

  #desk({ toolbox, toolContext: context, approvalPolicy: policy }: AgentParts): Desk {
    const { approvalTimeoutMs } = this.#config;
    const approvals = new Approvals();
    const grants = new Grants();
    return {
      decide: (assessment) => decide(assessment, { policy, grants, sandbox: context.sandbox.mode }),
      ask: (question, signal) =>
        askUser({ ...question, toolbox, context, grants, approvals, approvalTimeoutMs }, signal),
      answer: (answer) => approvals.answer(answer),
    };
  }

  #launch({ workspace, sandbox }: Place, policy: ApprovalPolicy): Launch {
    this.check();
    const { openaiApiKey, openaiBaseUrl, codexBin, rustLog, sandboxNetwork, environment } = this.#config;
    this.#launches += 1;
    const marker = `${this.#mark}.${this.#launches}`;
    const folders = this.#foldersOf(marker);
    const args = engineArguments({
      policy,
      sandbox: sandbox.mode,
      network: sandboxNetwork === "on",
      hidden: hiddenPaths(this.#config),
      folders,
      hasKey: openaiApiKey !== undefined,
      baseUrl: openaiBaseUrl,
      marker,
    });
    const env = engineEnvironment({ source: environment, folders, apiKey: openaiApiKey, rustLog, marker });
    return {
      program: findProgram(codexBin),
      args,
      env,
      cwd: workspace,
      warden: this.#warden,
      reap: async (pid, mark) => {
        await terminate(pid, { marker: mark, outlivesDescendants: false });
        await rm(folders.temporary, { recursive: true, force: true });
      },
    };
  }

  #foldersOf(marker: string): Folders {
    const folder = (this.#folder ??= ownFolder());
    const folders = {
      state: this.#config.codexHome ?? join(folder, "state"),
      home: join(folder, "home"),
      temporary: join(folder, "tmp", marker),
    };
    for (const path of Object.values(folders)) mkdirSync(path, { recursive: true, mode: 0o700 });
    return folders;
  }
}

/** Nothing in it outlives the server: the sessions' logs are all that a conversation needs. */
function ownFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "agentloop-codex-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function purseOf(budget: Budget, known: { info: ModelInfo }): Purse {
  const of = (name: string) => ({ provider: "codex", name, info: known.info }) as const;
  return {
    check: (name, inputTokens) => budget.hold({ model: of(name), inputTokens, aside: false }).release(),
    pay: (name, tokens, aside) => {
      const usage = priced(tokens, known.info);
      budget.spend(usage, { model: of(name), aside });
      return usage;
    },
    recall: (usage, spent) => budget.recall(usage, spent),
  };
}

/** For the loop, which asks models itself. */
export const ofTheLoop =
  (selectModel: SelectModel): SelectModel =>
  async (name) => {
    const model = await selectModel(name);
    if (model.provider === "codex") throw otherEngine("the server's own loop to codex");
    return model;
  };

const otherEngine = (change: string) =>
  new AgentError(
    "invalid_message",
    `A session cannot change its engine, from ${change}. Open a new session with that model.`,
  );
