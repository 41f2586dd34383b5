import { z } from "zod";
import type { Origin } from "../../contract/item.ts";

/** The characters `from` (included) to `to` (excluded) came in one part, which carried this signature. */
const SignedSpan = z.object({ from: z.number(), to: z.number(), signature: z.string() });
export type SignedSpan = z.infer<typeof SignedSpan>;

/** What Google wants back with an item, kept in `origin.opaque`. */
const Opaque = z.object({
  /** Of a call: Google's own id, which is short and not unique. Gemini 2.5 gives none. */
  callId: z.string().optional(),
  /** Of a call. */
  signature: z.string().optional(),
  /** Of a text or a thought. */
  signed: z.array(SignedSpan).optional(),
  /** A part that has no place in our items, as it came. */
  part: z.record(z.string(), z.unknown()).optional(),
});
export type Opaque = z.infer<typeof Opaque>;

export function originOf(model: string, opaque: Opaque): Origin {
  const isEmpty = Object.keys(opaque).length === 0;
  return isEmpty ? { provider: "google", model } : { provider: "google", model, opaque };
}

/** What the item brought from this very model; another model's signatures are not valid for it. */
export function opaqueFor(model: string, origin: Origin | undefined): Opaque {
  if (origin?.provider !== "google" || bareName(origin.model) !== bareName(model)) return {};
  return Opaque.safeParse(origin.opaque).data ?? {};
}

/** The name of a model without its path (`models/`, `publishers/google/models/`) and its version (`@001`). */
export function bareName(model: string): string {
  return model.slice(model.lastIndexOf("/") + 1).replace(/@.*$/, "");
}
