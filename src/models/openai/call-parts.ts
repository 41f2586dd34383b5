import { z } from "zod";
import type { FunctionCallItem } from "../../contract/item.ts";

const Arguments = z.record(z.string(), z.unknown());

/** Whether this is what a function takes: a JSON object. */
export function isObjectJson(text: string): boolean {
  try {
    return Arguments.safeParse(JSON.parse(text)).success;
  } catch {
    return false;
  }
}

/** Arguments that were cut off are not sent back as they are; the call's output says what became of it. */
export function argumentsToSend({ arguments: text }: FunctionCallItem): string {
  return isObjectJson(text) ? text : "{}";
}

/** A name that OpenAI takes, also for a call that another provider's model made. */
export function nameToSend({ name }: FunctionCallItem): string {
  return name.replaceAll(/[^a-zA-Z0-9_-]/g, "_").slice(0, 64) || "unknown";
}
