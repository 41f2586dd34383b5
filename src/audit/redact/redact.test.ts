import { describe, expect, it } from "vitest";
import { ServerMessage } from "../../contract/message.ts";
import { createRedactor, unprotected } from "./redact.ts";
import { spellingsOf } from "./spellings.ts";

const KEY = { name: "SOME_API_KEY", value: "sk-proj-7Hq_2Lw9-Zb4/Xc+81nVt" };
const LONGER = { name: "LONGER_KEY", value: `${KEY.value}-and-more` };
const TOKEN = { name: "AUTH_TOKEN", value: "tok\"en\\with 'odd' 100% signs\u00e9\n.end" };
const DIGITS = { name: "PIN", value: "1234567890" };
const SECRETS = [KEY, TOKEN, DIGITS];

const redactor = createRedactor(SECRETS);
const nested = (text: string, depth: number): string =>
  depth === 0 ? text : JSON.stringify(nested(text, depth - 1));
const inUnicodeEscapes = (text: string) =>
  text
    .split("")
    .map((character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0").toUpperCase()}`)
    .join("");
const inPercentEscapes = (text: string) =>
  [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");

describe("a text", () => {
  it.each([
    ["as it is", KEY.value],
    ["in a URL", encodeURIComponent(KEY.value)],
    ["in a URL, with every character escaped", inPercentEscapes(KEY.value)],
    ["in unicode escapes", inUnicodeEscapes(KEY.value)],
    ["with slashes escaped", KEY.value.replaceAll("/", "\\/")],
    ["quoted for a shell", KEY.value.replaceAll(/\W/g, "\\$&")],
  ])("loses a key %s", (_how, spelled) => {
    expect(redactor.text(`a ${spelled} b`)).toMatchObject({ text: "a [redacted:SOME_API_KEY] b", count: 1 });
  });

  it.each([0, 1, 2, 3])("loses a value with quotes and backslashes in JSON, %i deep", (depth) => {
    const text = nested(`<${TOKEN.value}>`, depth);
    expect(redactor.text(text).text).toBe(nested("<[redacted:AUTH_TOKEN]>", depth));
  });

  it.each([0, 1, 2, 3, 4, 5])(
    "loses a key in base64 after %i other bytes, but for a byte at its ends",
    (before) => {
      const bytes = Buffer.from(`${"u".repeat(before)}${KEY.value}:rest`);
      for (const encoding of ["base64", "base64url"] as const) {
        const { text, count } = redactor.text(bytes.toString(encoding));
        expect(count).toBe(1);
        const [head = "", tail = ""] = text.split("[redacted:SOME_API_KEY]");
        expect(Buffer.from(head, "base64").length).toBeLessThanOrEqual(before + 1);
        expect(tail.length).toBeLessThanOrEqual(Math.ceil(((":rest".length + 2) * 8) / 6));
      }
    },
  );

  it("is given back as it was without one", () => {
    const text = `${KEY.value.slice(0, -1)} \\u0073k- %73 \\\\ ${"\\".repeat(50)}u0073 100% é`;
    expect(redactor.text(text)).toMatchObject({ text, count: 0 });
    expect(createRedactor([]).text(KEY.value)).toMatchObject({ text: KEY.value, count: 0 });
  });

  it.each(["%61bcdef%25gh", "\\u0041bcdef\\ngh", "ends-with-100%", "ends-with-\\", "%%%%\\\\\\\\"])(
    "loses a value that itself looks escaped, %s",
    (value) => {
      const own = createRedactor([{ name: "ODD", value }]);
      expect(own.text(`(${value})`).text).toBe("([redacted:ODD])");
      expect(own.json(JSON.stringify({ value })).text).toBe('{"value":"[redacted:ODD]"}');
      expect(pushAll(value.split(""), [{ name: "ODD", value }], false)).toBe("[redacted:ODD]");
    },
  );

  it("loses the longer of two values that begin alike", () => {
    const both = createRedactor([KEY, LONGER]);
    expect(both.text(`${LONGER.value} ${KEY.value}`).text).toBe(
      "[redacted:LONGER_KEY] [redacted:SOME_API_KEY]",
    );
  });

  it("may be long and full of beginnings", () => {
    for (const text of ["sk-proj-", "\\", "%", "\\u0073", "\\\\\\u007", KEY.value.slice(0, -1)]) {
      const long = text.repeat(1_000_000 / text.length);
      expect(redactor.text(long)).toMatchObject({ text: long, count: 0 });
    }
  });
});

describe("a JSON text", () => {
  it("stays byte for byte but for the strings that held a value", () => {
    const json = String.raw`{ "big": 12345678901234567890, "a": 1, "a": "\u0073k\u002dproj-7Hq_2Lw9-Zb4\/Xc+81nVt", "b": "\u00e9" }`;
    expect(redactor.json(json)).toEqual({
      text: String.raw`{ "big": 12345678901234567890, "a": 1, "a": "[redacted:SOME_API_KEY]", "b": "\u00e9" }`,
      count: 1,
    });
  });

  it("keeps its numbers, and loses digits within strings", () => {
    expect(redactor.json('{"ms":1234567890,"text":"1234567890"}')).toEqual({
      text: '{"ms":1234567890,"text":"[redacted:PIN]"}',
      count: 1,
    });
  });

  it("loses a value in a key, in a list and in JSON within it", () => {
    const inner = JSON.stringify({ token: TOKEN.value, list: [KEY.value] });
    const { text, count } = redactor.json(JSON.stringify({ [KEY.value]: [{ arguments: inner }, KEY.value] }));
    expect(count).toBe(4);
    const outer = JSON.parse(text) as Record<string, [{ arguments: string }, string]>;
    const [call, plain] = outer["[redacted:SOME_API_KEY]"] ?? [];
    expect(plain).toBe("[redacted:SOME_API_KEY]");
    expect(JSON.parse(call?.arguments ?? "")).toEqual({
      token: "[redacted:AUTH_TOKEN]",
      list: ["[redacted:SOME_API_KEY]"],
    });
  });

  it("keeps what the provider of an item wants back unchanged, and nothing else", () => {
    const opaque = { signature: KEY.value, deep: [{ data: KEY.value }] };
    const item = {
      type: "reasoning",
      summary: [{ type: "summary_text", text: KEY.value, opaque: KEY.value }],
      encrypted_content: KEY.value,
      origin: { provider: "openai", model: KEY.value, opaque },
    };
    const message = { id: "1", type: "response_item", payload: item };
    const { text, count } = redactor.json(JSON.stringify(message));
    expect(count).toBe(3);
    const marker = "[redacted:SOME_API_KEY]";
    expect(JSON.parse(text)).toEqual({
      ...message,
      payload: {
        ...item,
        summary: [{ type: "summary_text", text: marker, opaque: marker }],
        origin: { ...item.origin, model: marker },
      },
    });
    expect(redactor.json(JSON.stringify({ ...message, type: "user_input" })).text).not.toContain(KEY.value);
  });
});

describe("a value that is never replaced", () => {
  it("is short, or a word of the protocol, and is named", () => {
    const weak = [
      { name: "SHORT", value: "ollama" },
      { name: "WORD", value: "response_item" },
      { name: "PART", value: "anthropic" },
    ];
    expect(unprotected([...weak, KEY])).toEqual(["SHORT", "WORD", "PART"]);
    const text = '{"type":"response_item","payload":"anthropic ollama"}';
    expect(createRedactor(weak).json(text)).toEqual({ text, count: 0 });
  });

  it("is no word that stands in the descriptions of the messages alone", () => {
    const described = ServerMessage.options.map(({ description = "" }) => description).join(" ");
    const secret = { name: "WORD", value: "conversation" };
    expect(described).toContain(secret.value);
    expect(unprotected([secret])).toEqual([]);
  });
});

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Pushes the pieces and checks at each that nothing safe is held and nothing unsafe is let go. Returns the output. */
function pushAll(pieces: string[], secrets = SECRETS, checkHeld = true): string {
  const whole = createRedactor(secrets);
  const stream = whole.stream();
  const spellings = secrets.flatMap(({ value }) => spellingsOf(value));
  let input = "";
  let output = "";
  for (const piece of pieces) {
    input += piece;
    output += stream.push(piece).text;
    const expected = whole.text(input).text;
    expect(expected.startsWith(output)).toBe(true);
    const held = expected.slice(output.length);
    if (checkHeld && held !== "") {
      expect(
        spellings.some((text) => text.startsWith(held) && text.length > held.length),
        held,
      ).toBe(true);
    }
  }
  return output + stream.flush().text;
}

describe("a stream", () => {
  const text = `begin s sk- ${KEY.value}${KEY.value} sk-proj-${KEY.value} ${Buffer.from(KEY.value).toString("base64")} 123${DIGITS.value}4 sk-proj-7Hq`;
  const whole = redactor.text(text).text;

  it("gives the same wherever it is cut in two, and holds only what could become a value", () => {
    expect(whole.match(/\[redacted/g)).toHaveLength(5);
    for (let cut = 0; cut <= text.length; cut += 1) {
      expect(pushAll([text.slice(0, cut), text.slice(cut)])).toBe(whole);
    }
  });

  it("gives the same character by character", () => {
    expect(pushAll(text.split(""))).toBe(whole);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])("gives the same in random pieces of random texts, seed %i", (seed) => {
    const random = randomFrom(seed);
    const parts = [KEY.value, DIGITS.value, "sk-", "s", "12", " ", "word ", "é", KEY.value.slice(0, 9)];
    for (let round = 0; round < 30; round += 1) {
      let words = "";
      while (words.length < 200) words += parts[Math.floor(random() * parts.length)];
      const pieces: string[] = [];
      for (let at = 0; at < words.length;) {
        const end = at + 1 + Math.floor(random() * 25);
        pieces.push(words.slice(at, end));
        at = end;
      }
      expect(pushAll(pieces)).toBe(redactor.text(words).text);
    }
  });

  it.each([0, 1, 2, 3])(
    "gives the same for a value with signs, escaped %i deep, wherever it is cut",
    (depth) => {
      const escaped = nested(`a ${TOKEN.value}\\ ${TOKEN.value} %`, depth);
      const expected = nested("a [redacted:AUTH_TOKEN]\\ [redacted:AUTH_TOKEN] %", depth);
      for (let cut = 0; cut <= escaped.length; cut += 1) {
        expect(pushAll([escaped.slice(0, cut), escaped.slice(cut)], SECRETS, false)).toBe(expected);
      }
      expect(pushAll(escaped.split(""), SECRETS, false)).toBe(expected);
    },
  );

  it("waits for the longer of two values that begin alike, and no longer", () => {
    const stream = createRedactor([KEY, LONGER]).stream();
    expect(stream.push(`${KEY.value}-and`)).toEqual({ text: "", count: 0 });
    expect(stream.push("-more!")).toEqual({ text: "[redacted:LONGER_KEY]!", count: 1 });
    expect(stream.push(KEY.value)).toEqual({ text: "", count: 0 });
    expect(stream.push("-andy")).toEqual({ text: "[redacted:SOME_API_KEY]-andy", count: 1 });
    expect(stream.push(KEY.value)).toEqual({ text: "", count: 0 });
    expect(stream.flush()).toEqual({ text: "[redacted:SOME_API_KEY]", count: 1 });
    expect(stream.flush()).toEqual({ text: "", count: 0 });
  });

  it("holds nothing without secrets", () => {
    const stream = createRedactor([]).stream();
    expect(stream.push("\\")).toEqual({ text: "\\", count: 0 });
  });
});
