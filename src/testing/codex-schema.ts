import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Ajv, type ValidateFunction } from "ajv";
import type { Arrived } from "./codex-client.ts";

/**
 * The folder with the Codex app-server's own JSON Schema and its recorded traffic (`transcripts/`); undefined where
 * there is none. They are not ours to publish.
 */
export const CODEX_PROTOCOL_DIR =
  process.env["CODEX_PROTOCOL_DIR"] ??
  (process.env["PROVIDER_STREAMS_DIR"] === undefined
    ? undefined
    : resolve(process.env["PROVIDER_STREAMS_DIR"], "../codex-protocol"));

/** Says what is wrong with messages of the server. `methodOf`: what a request asked for, by its id. */
export class CodexSchema {
  readonly #ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  readonly #validators = new Map<string, ValidateFunction>();

  constructor(folder: string) {
    const read = (name: string) => JSON.parse(readFileSync(join(folder, name), "utf8")) as object;
    this.#ajv.addSchema(read("codex_app_server_protocol.v2.schemas.json"), "v2");
    this.#ajv.addSchema(read("codex_app_server_protocol.schemas.json"), "all");
  }

  /** Undefined when it is as it must be. */
  problem(message: Arrived, methodOf: (id: string | number) => string | undefined): string | undefined {
    const { id, method, error } = message;
    if (method !== undefined) return this.#check(id === undefined ? NOTIFICATION : REQUEST, message);
    // Nobody knows what it answers: JSON-RPC says null, the schema has no word for it.
    if (error && id === null) return undefined;
    if (error) return this.#check("all#/definitions/JSONRPCError", message);
    const asked = methodOf(id ?? "");
    return asked === undefined
      ? `an answer to nothing: ${id}`
      : this.#check(responseOf(asked), message.result);
  }

  #check(reference: string, value: unknown): string | undefined {
    const validate = this.#validators.get(reference) ?? this.#ajv.compile({ $ref: reference });
    this.#validators.set(reference, validate);
    if (validate(value)) return undefined;
    return `${reference}: ${this.#ajv.errorsText(validate.errors?.slice(0, 5))}\n${JSON.stringify(value).slice(0, 1000)}`;
  }
}

const NOTIFICATION = "all#/definitions/ServerNotification";
const REQUEST = "all#/definitions/ServerRequest";

const RESPONSES: Record<string, string> = {
  initialize: "all#/definitions/InitializeResponse",
  "thread/name/set": "v2#/definitions/ThreadSetNameResponse",
  "account/read": "v2#/definitions/GetAccountResponse",
};

/** `thread/turns/list` is answered by a `ThreadTurnsListResponse`. */
function responseOf(method: string): string {
  const words = method.split("/").map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  return RESPONSES[method] ?? `v2#/definitions/${words.join("")}Response`;
}
