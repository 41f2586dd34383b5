import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { checkLine, cutLine, GENESIS, sealLine } from "./chain.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

const seal = (json: string, audit?: object) =>
  Buffer.from(
    sealLine({ direction: "incoming", json, seq: 7, ...(audit && { audit }) }, GENESIS.hash)
      .line.toString()
      .trimEnd(),
  );

const checked = (line: Buffer | string) => {
  const cut = cutLine(Buffer.from(line));
  return cut === undefined ? undefined : checkLine(cut);
};

/** Messages that look like the fields that follow them. */
const HOSTILE = [
  '{"text":"\\",\\"audit\\":{}"}',
  '{"audit":{"client":1},"a":{"x":1,"audit":{}}}',
  '"plain \\\\\\" text"',
  '"ends in backslashes \\\\\\\\"',
  "12345678901234567890",
  "-1.5e300",
  "true",
  "null",
  '[1,[2,{"a":"]"}],"}"]',
  '  { "spaces" : [ ] }  ',
  `{"text":",\\"seq\\":1,\\"salt\\":\\"${"a".repeat(32)}\\",\\"hash\\":\\"${"b".repeat(64)}\\"}"}`,
  `{"seq":1,"salt":"${"a".repeat(32)}","data_hash":"${"b".repeat(64)}","prev_hash":"${"c".repeat(64)}","hash":"${"d".repeat(64)}"}`,
  '{"text":"\ud83d\ude00 \u00e4 \u2028"}',
  '{"lone":"\\ud83d"}',
];

describe("a sealed line", () => {
  it("has hashes that anybody can compute from its bytes", () => {
    const line = seal('{"a":1}', { redactions: 1 }).toString();
    const [, salt, dataHash, hash] = /"salt":"(\w+)","data_hash":"(\w+)".*"hash":"(\w+)"\}$/.exec(line) ?? [];
    expect(dataHash).toBe(sha256(`${salt}{"a":1}{"redactions":1}`));
    const covered = line
      .replace(',"message_data":{"a":1}', "")
      .replace(',"audit":{"redactions":1}', "")
      .replace(`,"salt":"${salt}"`, "")
      .replace(`,"hash":"${hash}"}`, "");
    expect(hash).toBe(sha256(covered));
  });

  it.each(HOSTILE)("is cut at its own borders around %s", (json) => {
    for (const audit of [undefined, { client: { id: '","audit":{}', door: "d" } }]) {
      const line = seal(json, audit);
      const cut = cutLine(line);
      expect(cut?.data.toString()).toBe(json.replaceAll("\u2028", "\\u2028"));
      expect(cut?.audit?.toString()).toBe(audit && JSON.stringify(audit));
      expect(cut?.seq).toBe(7);
      expect(checked(line)).toBe("whole");
    }
  });

  it("does not pass with any of its bytes changed", () => {
    const line = seal('{"a":"b","c":[1,2]}', { redactions: 12 });
    for (let at = 0; at < line.length; at += 1) {
      const changed = Buffer.from(line);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(checked(changed), `byte ${at}`).not.toBe("whole");
    }
  });

  it("does not pass with a field more, a field less, or a border moved", () => {
    const line = seal('{"a":1}', { redactions: 1 }).toString();
    const changes = [
      line.replace(',"seq"', ',"x":1,"seq"'),
      line.replace(',"audit":{"redactions":1}', ""),
      line.replace(',"audit":', ""),
      line.replace(',"audit":', ","),
      line.replace(
        '"message_data":{"a":1},"audit":{"redactions":1}',
        '"message_data":{"a":1}{"redactions":1}',
      ),
      line.replace(/,"salt":"\w+"/, ""),
      line.replace(/^\{/, "{ "),
      `${line} `,
      line.slice(0, -1),
      "",
      "{}",
    ];
    for (const change of changes) expect(checked(change), change).not.toBe("whole");
  });

  it("hides a short message behind its salt: the same one has another hash each time", () => {
    const [one, other] = [cutLine(seal('"yes"')), cutLine(seal('"yes"'))];
    expect(one?.dataHash).not.toBe(other?.dataHash);
  });
});
