import { describe, expect, it } from "vitest";
import { readCheckpoints, signCheckpoint } from "./checkpoint.ts";
import { parseVerifierKeys, signingKeyOf } from "./keys.ts";

const key = signingKeyOf("01".repeat(32));
const other = signingKeyOf("02".repeat(32));
const head = (size: number) => ({ size, hash: size.toString(16).padStart(64, "0") });

describe("a checkpoint", () => {
  it("is a signed note as others can read it", () => {
    const note = signCheckpoint("an/origin", head(10), key);
    expect(note).toMatch(/^an\/origin\n10\n[A-Za-z0-9+/]{43}=\n\n— agentloop-server [A-Za-z0-9+/]{91}=\n$/);
  });

  it("is read with the public key alone", () => {
    const keys = parseVerifierKeys(`\n${other.text}\n  ${key.text}\n`);
    const text = `\n${signCheckpoint("o", head(1), key)}\n${signCheckpoint("o", head(2), key)}`;
    expect(readCheckpoints(text, "o", keys)).toEqual([
      { ...head(1), signature: "good" },
      { ...head(2), signature: "good" },
    ]);
  });

  it("of another log, or with a signature of another key, is told apart from a forged one", () => {
    const note = signCheckpoint("o", head(5), key);
    expect(readCheckpoints(note, "another", [key])).toEqual([]);
    expect(readCheckpoints(note, "o", [other])).toMatchObject([{ signature: "wrong_key" }]);
    expect(readCheckpoints(note.replace("\n5\n", "\n6\n"), "o", [key])).toMatchObject([
      { signature: "forged" },
    ]);
  });

  it("that a crash tore is left out, and the next one is read", () => {
    const note = signCheckpoint("o", head(5), key);
    const bytes = Buffer.from(note);
    for (let length = 0; length < bytes.length - 1; length += 1) {
      const torn = Buffer.concat([bytes.subarray(0, length), Buffer.from(`\n${note}`)]).toString();
      expect(readCheckpoints(torn, "o", [key]), `${length} bytes`).toEqual([
        { ...head(5), signature: "good" },
      ]);
    }
  });
});

describe("a public key", () => {
  it.each(["nonsense", key.text.slice(0, -4), key.text.replace(/\+[0-9a-f]{8}\+/, "+00000000+")])(
    "is refused as %s",
    (text) =>
      expect(() => parseVerifierKeys(text)).toThrow("expected a public key as name+8 hex digits+base64"),
  );
});
