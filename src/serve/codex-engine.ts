import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, sep } from "node:path";
import type { Logger } from "pino";
import { CodexAgent } from "../agents/codex/agent.ts";
import { AppServer } from "../agents/codex/app-server.ts";
import { EngineProcess, type Launch } from "../agents/codex/engine-process.ts";
import { engineEnvironment } from "../agents/codex/environment.ts";
import { createFolders, removeFolders } from "../agents/codex/folders.ts";
import type { Desk, Purse } from "../agents/codex/ports.ts";
import { findProgram } from "../agents/codex/program.ts";
import { Seats } from "../agents/codex/seats.ts";
import { engineArguments, profileOf } from "../agents/codex/settings.ts";
import { Warden } from "../agents/codex/warden.ts";
import { Approvals } from "../agents/loop/approvals.ts";
import { askUser } from "../agents/loop/ask.ts";
import type { Budget } from "../agents/loop/budget.ts";
import { Conversation } from "../agents/loop/conversation.ts";
import { priced } from "../agents/loop/cost.ts";
import { decide, Grants } from "../agents/loop/policy.ts";
import { workspaceInstructions } from "../agents/loop/workspace-instructions.ts";
import { RedactedLog } from "../audit/redact/redacted-log.ts";
import { PROGRAM_PATHS } from "../built-files.ts";
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
import { hiddenPaths, hiddenSettings } from "./choose-places.ts";
import { createCodexFolder } from "./codex-folder.ts";

interface AgentParts {
  model: Model;
  selectModel: SelectModel;
  toolbox: Toolbox;
  toolContext: ToolContext;
  approvalPolicy: ApprovalPolicy;
  budget: Budget;
}

interface LaunchParts {
  place: Place;
  policy: ApprovalPolicy;
  /** Of a client of the bridge: no other process sees its threads. */
  isAlone: boolean;
  workspaceInstructions?: string | undefined;
}

interface BridgeParts {
  own: Place;
  logs: Pick<LogStore, "create">;
  redactor: Redactor;
}

/** Puts the parts of codex sessions together; processes are started when a turn needs one. */
export class CodexEngine {
  readonly #config: Config;
  readonly #logger: Logger;
  readonly #seats: Seats;
  readonly #mark = randomUUID();
  readonly #warden = new Warden(this.#mark);
  #launches = 0;
  #folder: string | undefined;

  constructor(config: Config, logger: Logger) {
    this.#config = config;
    this.#logger = logger;
    this.#seats = new Seats(config.codexMaxProcesses);
  }

  /** Throws an Error that says what is missing. */
  check(): void {
    const { codexBin, codexHome, openaiApiKey, sandboxUser } = this.#config;
    findProgram(codexBin);
    checkHidden(this.#config);
    if (openaiApiKey === undefined && codexHome === undefined) {
      throw new AgentError(
        "missing_api_key",
        "The codex engine needs OPENAI_API_KEY, or a CODEX_HOME in which codex login was run.",
      );
    }
    if (openaiApiKey === undefined && !existsSync(this.#login ?? "")) {
      throw new AgentError(
        "missing_api_key",
        `CODEX_HOME: expected a folder in which codex login was run, which has an auth.json, got ${codexHome}.`,
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
      instructions: () => this.#instructionsFor(toolContext.workspace),
      toolbox,
      toolContext,
      conversation: new Conversation(),
      desk: this.#desk(parts),
      purse: purseOf(parts.budget, known),
      seats: this.#seats,
      startServer: async (signal) => {
        const launch = this.#launch({ place: toolContext, policy: approvalPolicy, isAlone: false });
        return await AppServer.start(launch, VERSION, signal);
      },
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
        hidden: hiddenPaths(this.#config),
      },
      profileOf,
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
      const { approvalPolicy: policy } = this.#config;
      const text = await standingInstructions(place.workspace);
      const launch = this.#launch({ place, policy, isAlone: true, workspaceInstructions: text });
      const process = new EngineProcess(launch);
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

  async #instructionsFor(workspace: string): Promise<string> {
    const parts = [this.#config.instructions, await standingInstructions(workspace)];
    return parts.filter((part) => part !== undefined && part !== "").join("\n\n");
  }

  #launch({ place, policy, isAlone, workspaceInstructions: text }: LaunchParts): Launch {
    const { workspace, sandbox } = place;
    this.check();
    const { openaiApiKey, openaiBaseUrl, codexBin, rustLog, sandboxNetwork, environment } = this.#config;
    this.#launches += 1;
    const marker = `${this.#mark}.${this.#launches}`;
    const root = (this.#folder ??= createCodexFolder(this.#logger));
    const folders = createFolders({ root, marker, isAlone, login: this.#login });
    const args = engineArguments({
      policy,
      sandbox: sandbox.mode,
      network: sandboxNetwork === "on",
      workspace,
      workspaceInstructions: text,
      hidden: hiddenPaths(this.#config),
      readOnly: PROGRAM_PATHS,
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
      marker,
      warden: this.#warden,
      onFault: (error) =>
        this.#logger.error({ err: error }, "what a codex process has left could not be removed"),
      reap: async (pid, mark) => {
        await terminate(pid, { marker: mark, outlivesDescendants: false });
        await removeFolders(folders, { isAlone });
      },
    };
  }

  /** Of the given folder nothing else is taken over: its settings could start programs, its rules let commands pass. */
  get #login(): string | undefined {
    const { codexHome, openaiApiKey } = this.#config;
    return codexHome === undefined || openaiApiKey !== undefined ? undefined : join(codexHome, "auth.json");
  }
}

/** Throws where a command of the engine could not start, as what starts it would be hidden. */
function checkHidden(config: Config): void {
  for (const [name, path] of Object.entries(hiddenSettings(config))) {
    if (path === undefined) continue;
    const way = relative(path, tmpdir());
    if (way === ".." || way.startsWith(`..${sep}`)) continue;
    throw new AgentError(
      "invalid_message",
      `${name}=${path} is hidden from commands, and the codex engine starts them from a folder in it (TMPDIR=${tmpdir()}). ` +
        `Set ${name} or TMPDIR to another folder.`,
    );
  }
}

/** What the files of the workspace say, read as for the loop: the engine itself reads none where nothing is trusted. */
async function standingInstructions(workspace: string): Promise<string | undefined> {
  const text = await workspaceInstructions(workspace);
  return text && `Instructions from files of the workspace.\n\n${text}`;
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
