import { createMemoryLogStore } from "../audit/memory.ts";
import { Places } from "../places.ts";
import { createUnconfinedSandbox } from "../sandboxes/unconfined.ts";
import type { LiveSessions } from "../sessions/sessions.ts";
import { createToolbox } from "../tools/toolbox.ts";
import { type Arrived, at, CodexClient } from "./codex-client.ts";
import { openDoor } from "./codex-door.ts";
import { mockModel } from "./codex-mock-model.ts";
import { meaningOf, type Recorded, withoutRepeats } from "./codex-recording.ts";
import { createTestSessions } from "./test-session.ts";
import { testContext } from "./test-toolbox.ts";

const PATIENCE_MS = 4_000;

/** Ids and folders of a recording, in ours. */
class Names {
  readonly #ours = new Map<string, string>();

  learn(theirs: unknown, ours: unknown): void {
    if (typeof theirs === "string" && typeof ours === "string") this.#ours.set(theirs, ours);
  }

  translate(frame: string): string {
    let translated = frame;
    for (const [theirs, ours] of this.#ours) translated = translated.replaceAll(theirs, ours);
    return translated;
  }
}

/** What one connection of a recording was told, and what ours was. */
export interface Conversation {
  recorded: string[];
  ours: string[];
  arrived: readonly Arrived[];
  asked: ReadonlyMap<string | number, string>;
}

/** Plays the clients of a recording against our server, each message when what led to it has come. */
export class Replay {
  readonly conversations = new Map<string, Conversation>();
  /** Faults of our server. */
  readonly faults: unknown[] = [];
  readonly #clients = new Map<string, CodexClient>();
  readonly #names = new Names();
  readonly #logs = createMemoryLogStore();
  readonly #workspace: string;
  #sessions: LiveSessions;
  #open: ReturnType<typeof openDoor>;
  readonly #cannotCome: (meaning: string) => boolean;

  /** `cannotCome`: what nobody may wait for, as it is missing in ours. */
  constructor(workspace: string, cannotCome: (meaning: string) => boolean) {
    this.#workspace = workspace;
    this.#cannotCome = cannotCome;
    this.#sessions = this.#createSessions();
    this.#open = openDoor(this.#logs, (error) => this.faults.push(error));
  }

  async play(recording: readonly Recorded[]): Promise<void> {
    for (const [index, line] of recording.entries()) {
      if (line.kind === "restarted") await this.#restart();
      if (line.kind === "closed") this.#clients.get(line.connection)?.leave();
      if (line.kind === "came") await this.#expect(line.connection, line.message);
      if (line.kind === "sent") await this.#send(line, recording.slice(index + 1));
    }
    for (const [name, { arrived, asked }] of this.#clients) {
      const conversation = this.#conversation(name);
      const methodOf = (id: string | number) => asked.get(id);
      conversation.ours = withoutRepeats(arrived.flatMap((message) => meaningOf(message, methodOf) ?? []));
      conversation.recorded = withoutRepeats(conversation.recorded);
      conversation.arrived = arrived;
      conversation.asked = asked;
    }
    await this.#sessions.close("session_ended");
  }

  async #send(line: Extract<Recorded, { kind: "sent" }>, rest: readonly Recorded[]): Promise<void> {
    const client = this.#clients.get(line.connection) ?? (await this.#connect(line.connection));
    client.send(this.#names.translate(this.#inOurFolder(line.frame)));
    if (line.method === undefined) return;
    // Answers tell the names that later messages use.
    const { id } = JSON.parse(line.frame) as { id?: number };
    const answer = rest.find(
      (later) =>
        later.kind === "came" &&
        later.connection === line.connection &&
        later.message.id === id &&
        later.message.method === undefined,
    );
    if (id === undefined || answer?.kind !== "came" || line.method === "turn/interrupt") return;
    const ours = await client.until((message) => message.id === id && message.method === undefined);
    const recordedResult = answer.message.result;
    for (const path of [
      ["thread", "id"],
      ["turn", "id"],
    ]) {
      this.#names.learn(at(recordedResult, ...path), at(ours.result, ...path));
    }
  }

  /** Waits until as many messages of the same meaning have come as in the recording. */
  async #expect(connection: string, message: Arrived): Promise<void> {
    const client = this.#clients.get(connection);
    if (!client) throw new Error(`nobody is connected as ${connection}`);
    const methodOf = (id: string | number) => client.asked.get(id);
    const meaning = meaningOf(message, methodOf);
    if (meaning === undefined) return;
    const { recorded } = this.#conversation(connection);
    recorded.push(meaning);
    if (message.method === undefined && message.id !== null && message.id !== undefined) {
      const { id } = message;
      const answered = client.until((arrived) => arrived.id === id && arrived.method === undefined);
      await this.#inTime(answered, () => `no answer to ${id} (${methodOf(id)})`);
      return;
    }
    if (this.#cannotCome(meaning) || /[dD]elta$/.test(meaning)) return;
    const wanted = recorded.filter((each) => each === meaning).length;
    const count = () => client.arrived.filter((arrived) => meaningOf(arrived, methodOf) === meaning).length;
    await this.#inTime(
      client.until(() => count() >= wanted),
      () => {
        const ours = client.arrived.flatMap((arrived) => meaningOf(arrived, methodOf) ?? []);
        return `"${meaning}" does not come (${wanted} times). What came:\n${ours.join("\n")}`;
      },
    );
  }

  /** So that a test says what it waited for. */
  async #inTime<Result>(work: Promise<Result>, complaint: () => string): Promise<Result> {
    const { promise, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new Error(complaint())), PATIENCE_MS);
    return await Promise.race([work, promise]).finally(() => clearTimeout(timer));
  }

  async #connect(name: string): Promise<CodexClient> {
    const client = await CodexClient.connect(this.#open, this.#sessions, name);
    this.#clients.set(name, client);
    return client;
  }

  async #restart(): Promise<void> {
    await this.#sessions.close("server_restart");
    this.#sessions = this.#createSessions();
    this.#open = openDoor(this.#logs, (error) => this.faults.push(error));
  }

  #conversation(name: string): Conversation {
    const known = this.conversations.get(name);
    if (known) return known;
    const conversation: Conversation = { recorded: [], ours: [], arrived: [], asked: new Map() };
    this.conversations.set(name, conversation);
    return conversation;
  }

  #inOurFolder(frame: string): string {
    return frame.replaceAll(/\/srv\/agent\/ws-[a-z-]+/g, this.#workspace);
  }

  #createSessions(): LiveSessions {
    const sandbox = { ...createUnconfinedSandbox(), mode: "workspace-write" as const };
    const places = new Places({
      own: { workspace: this.#workspace, sandbox },
      roots: [],
      createSandbox: async (mode) => ({ ...sandbox, mode }),
    });
    const { sessions } = createTestSessions({
      model: mockModel,
      logs: this.#logs,
      options: { approvalPolicy: "full-auto", openPlace: (asked) => places.open(asked) },
      loop: {
        toolbox: createToolbox(),
        toolContext: { ...testContext(this.#workspace), sandbox, timeoutMs: 10_000, maxTimeoutMs: 10_000 },
      },
    });
    return sessions;
  }
}
