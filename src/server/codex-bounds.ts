import { z } from "zod";
import { METHODS } from "./codex-methods.ts";
import { type Bounds, Settings, settingsInProfile, settingsProblem } from "./codex-settings.ts";

const Call = z.looseObject({
  id: z.union([z.string(), z.number()]).nullish(),
  method: z.string().optional(),
  params: z.unknown().optional(),
  result: z.unknown().optional(),
});
type Call = z.infer<typeof Call>;

/** What becomes of a frame. */
type Verdict =
  | { kind: "pass"; frame: string }
  /** It is not passed on: what the client is told, in the protocol's words. */
  | { kind: "refuse"; id: string | number | null; code: number; message: string }
  /** It answers a question of the process, which gets `answer` instead; the client is told why. */
  | { kind: "decline"; answer: string; message: string };

/**
 * Holds a frame of a client against the bounds; what cannot be read does not pass. The engine's own sandbox of a mode
 * hides nothing: a frame that names one passes with the server's profile in its place.
 */
export function judge(frame: string, bounds: Bounds): Verdict {
  let value: unknown;
  try {
    value = JSON.parse(frame);
  } catch {
    return refusal(null, "Expected a JSON-RPC message, got invalid JSON.", -32700);
  }
  const call = Call.safeParse(value).data;
  if (call === undefined || Array.isArray(value)) {
    return refusal(null, "Expected one JSON-RPC message: an object.");
  }
  const isFree = bounds.sandbox === "danger-full-access" && bounds.approvalPolicy === "full-auto";
  if (isFree) return { kind: "pass", frame };
  if (Amendment.safeParse(call.result).success) return declined(call);
  if (call.method === undefined) return { kind: "pass", frame };
  if (!METHODS.has(call.method)) return refusal(call.id, `${call.method} ${TOO_FAR}`);
  const parsed = Settings.safeParse(call.params ?? {});
  if (!parsed.success) {
    return refusal(call.id, `${call.method}: ${z.prettifyError(parsed.error).replaceAll("\n", " ")}`);
  }
  const message = settingsProblem(call.method, parsed.data, bounds);
  if (message !== undefined) return refusal(call.id, message);
  const params = settingsInProfile(parsed.data, bounds);
  return { kind: "pass", frame: params === undefined ? frame : JSON.stringify({ ...call, params }) };
}

const TOO_FAR =
  "does not pass this server: it reaches beyond the sandbox, or nobody here knows how far it reaches.";

const refusal = (id: Call["id"], message: string, code = -32600): Verdict => ({
  kind: "refuse",
  id: id ?? null,
  code,
  message,
});

/** A decision that is more than a word: a rule for later commands, which would then run unasked and unsandboxed. */
const Amendment = z.looseObject({ decision: z.looseObject({}) });

const declined = ({ id }: Call): Verdict => ({
  kind: "decline",
  answer: JSON.stringify({ id, result: { decision: "decline" } }),
  message:
    "Your answer counts as decline: this server passes on no decision that makes a rule for later commands. " +
    "Expected a decision of one word: accept, acceptForSession, decline or cancel.",
});
