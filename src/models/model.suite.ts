/**
 * The tests that every provider's adapter passes. A family uses it in its `model.test.ts`:
 *
 *     describeModel({
 *       family: "openai",
 *       make: ({ baseUrl, name, idleTimeoutMs }) => createOpenAIModel({ baseUrl: `${baseUrl}/v1`, name, ... }),
 *       isTerminal: (event) => ...,            // the provider's event that ends a response in good order
 *       errors: { "http-401.json": "provider_auth", ... },   // every recording that ends in an error
 *       reasoning: (item) => ({ text: ..., signature: digest(...) }),   // in the words of expected.json
 *       amended: { "some-case.sse": { stop: "..." } },       // where we decide otherwise, with the reason beside it
 *       turns: [{ ... }],                                    // two steps with a tool, checked as the real API checks
 *     });
 *
 * `make` gives a model without retries. The recordings lie outside the repository, in the folder that the environment
 * variable PROVIDER_STREAMS_DIR names; without it only the tests with a provider of our own run here.
 */
import { describe } from "vitest";
import type { ErrorCode } from "../contract/error.ts";
import type { ProviderItem, ReasoningItem, ResponseItem } from "../contract/item.ts";
import type { Model, ToolSpec } from "../contract/model.ts";
import { providerStreamsDir, type Expectation, type ReplayFamily } from "../testing/replay.ts";
import { describeConnection } from "./suite/connection.suite.ts";
import { describeRecordings } from "./suite/recordings.suite.ts";
import { describeToolTurns } from "./suite/tool-turns.suite.ts";

export { digest } from "./suite/outcome.ts";

export interface ModelOptions {
  /** The server's root, without a path. */
  baseUrl: string;
  /** May carry the recording: `gpt-5@text.gpt-5.sse`. */
  name: string;
  idleTimeoutMs: number;
}

export interface ModelFamily {
  family: ReplayFamily;
  make(options: ModelOptions): Model;
  /** Whether this event ends the response in good order: all that comes before it is no whole response. */
  isTerminal(event: unknown): boolean;
  /** The code of every recording that ends in an error. */
  errors: Record<string, ErrorCode>;
  /** A reasoning item in the words of expected.json, secrets by `digest`. */
  reasoning(item: ReasoningItem): Record<string, unknown>;
  /** The type of a provider's own item, as expected.json has it. By default `origin.opaque.type`. */
  otherItem?(item: ProviderItem): string;
  /** What we decide otherwise than expected.json, per recording. */
  amended?: Record<string, Partial<Expectation>>;
  /** What expected.json says of this family only (signatures, phases). */
  check?(expectation: Expectation, items: ResponseItem[]): void;
  turns: ToolTurn[];
}

/** Two recordings in a row: the first asks for tools, the second has their outputs. */
export interface ToolTurn {
  name: string;
  model: string;
  first: string;
  second: string;
  instructions: string;
  user: string;
  tools: ToolSpec[];
  /** By the name of the tool. */
  outputs: Record<string, string>;
  /** What the second request must carry of the first response's items. `body` is the request as it was sent. */
  check(body: Record<string, unknown>, items: ResponseItem[]): void;
}

export function describeModel(family: ModelFamily): void {
  describe(`the ${family.family} adapter`, () => {
    describeConnection(family);
    const recorded = providerStreamsDir === undefined ? describe.skip : describe;
    const why = providerStreamsDir === undefined ? " (skipped: PROVIDER_STREAMS_DIR is not set)" : "";
    recorded(`with recorded streams${why}`, () => {
      describeRecordings(family);
      describeToolTurns(family);
    });
  });
}
