import type { ClientMessage } from "../../contract/message.ts";
import { method } from "./call.ts";
import type { Follower } from "./follower.ts";
import { invalidRequest, RPC_CODES, RpcError } from "./frame.ts";
import { TurnInterrupt, TurnStart, TurnSteer, type UserPart } from "./params.ts";
import { checkUnchanged } from "./settings.ts";

/** What one input may hold, in characters. */
const MAX_CHARACTERS = 1_048_576;

/** Begins a turn; while one runs, what is said is taken into it. */
export const startTurn = method(TurnStart, async (params, call) => {
  const follower = await call.followers.of(params.threadId);
  checkUnchanged({ ...params, sandbox: params.sandboxPolicy }, follower.session.info());
  const { model } = params;
  const isSame = model === undefined || model === follower.session.info().model;
  const message = userInput(params.input, isSame ? undefined : model);
  const { turn } = follower.projection;
  if (turn) {
    follower.hand(message, call.json);
    return { result: { turn: turn.asStarted() } };
  }
  follower.start(message, call.json, {
    resolve: (started) => call.reply({ turn: started }),
    reject: call.refuse,
  });
  return undefined;
});

export const steerTurn = method(TurnSteer, async ({ threadId, input, expectedTurnId }, call) => {
  const follower = await call.followers.of(threadId);
  const turnId = activeTurn(follower, expectedTurnId, "steer");
  follower.hand(userInput(input), call.json);
  return { result: { turnId } };
});

export const interruptTurn = method(TurnInterrupt, async ({ threadId, turnId }, call) => {
  const follower = await call.followers.of(threadId);
  activeTurn(follower, turnId, "interrupt");
  follower.interrupt(call.json, { resolve: () => call.reply({}), reject: call.refuse });
  return undefined;
});

function activeTurn({ projection: { turn } }: Follower, expected: string, purpose: string): string {
  if (!turn) throw invalidRequest(`no active turn to ${purpose}`);
  if (turn.id === expected) return turn.id;
  throw invalidRequest(`expected active turn id ${expected} but found ${turn.id}`);
}

function userInput(parts: readonly UserPart[], model?: string): ClientMessage {
  const length = parts.reduce((sum, part) => sum + ("text" in part ? part.text.length : 0), 0);
  if (length > MAX_CHARACTERS) {
    throw new RpcError(
      RPC_CODES.invalidParams,
      `Input exceeds the maximum length of ${MAX_CHARACTERS} characters.`,
      { input_error_code: "input_too_large", max_chars: MAX_CHARACTERS, actual_chars: length },
    );
  }
  const content = parts.flatMap(inputPart);
  if (content.length === 0) throw invalidRequest("input: expected at least one text or image");
  const input = [{ type: "message" as const, role: "user" as const, content }];
  return { id: "", type: "user_input", payload: { input, previousResponseId: undefined, model } };
}

type InputPart =
  | { type: "input_text"; text: string }
  | { type: "input_image"; image_url: string; detail: "auto" | "low" | "high" };

function inputPart(part: UserPart): InputPart[] {
  switch (part.type) {
    case "text":
      return [{ type: "input_text", text: part.text }];
    case "image": {
      const detail = part.detail === "original" ? "high" : (part.detail ?? "auto");
      return [{ type: "input_image", image_url: part.url, detail }];
    }
    case "skill":
    case "mention":
      return [];
  }
}
