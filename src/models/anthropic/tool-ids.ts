/**
 * Names for the calls of one conversation as the API takes them: `[a-zA-Z0-9_-]+`, each unique. The same sequence of
 * ids always gets the same names, so that a longer conversation begins with the same bytes.
 */
export class ToolIds {
  readonly #taken = new Set<string>();

  next(callId: string): string {
    const plain = plainName(callId) || "call";
    let name = plain;
    for (let count = 2; this.#taken.has(name); count += 1) name = `${plain}_${count}`;
    this.#taken.add(name);
    return name;
  }
}

/** Tool names that a model has made up, or that another provider allows, may hold characters that are refused here. */
export function plainName(name: string): string {
  return name.replace(/[^a-zA-Z0-9_-]/g, "_").slice(0, 128);
}
