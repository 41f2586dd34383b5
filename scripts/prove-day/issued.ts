/** What the provider has signed, and wants back unchanged and in its place. */
export class Issued {
  #count = 0;
  /** What was signed, by its signature or ciphertext. */
  readonly #signed = new Map<string, string>();
  /** The signature that a call of ours came with, by the call's id or arguments. */
  readonly #ofCall = new Map<string, string>();

  sign(what: string): string {
    this.#count += 1;
    const signature = Buffer.from(`signature ${this.#count} `.padEnd(180, "signed ")).toString("base64");
    this.#signed.set(signature, what);
    return signature;
  }

  /** From now on this call must come back with, or right after, what bears the signature. */
  bind(call: string, signature: string): void {
    this.#ofCall.set(call, signature);
  }

  /** Why a signature is refused; undefined when it is good. */
  problem(signature: string | undefined, what: string): string | undefined {
    if (signature === undefined) return "the signature is missing";
    const signed = this.#signed.get(signature);
    if (signed === undefined) return "the signature is not ours";
    return signed === what ? undefined : "what was signed has been changed";
  }

  boundTo(call: string): string | undefined {
    return this.#ofCall.get(call);
  }
}
