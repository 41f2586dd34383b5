import { describe, expect, it } from "vitest";
import { createRedactor } from "./audit/redact/redact.ts";
import { createLogger } from "./logger.ts";

const TOKEN = 'a-token-with-"-in-it';
const redactor = createRedactor([{ name: "AUTH_TOKEN", value: TOKEN }]);

function start(isTTY: boolean) {
  let written = "";
  const write = (text: string) => {
    written += text;
    return true;
  };
  const logger = createLogger("info", redactor, { isTTY, write });
  return { logger, written: () => written };
}

describe("the server's own log", () => {
  it.each([true, false])("never shows a loaded value, on a terminal: %s", (isTTY) => {
    const { logger, written } = start(isTTY);
    const cause = new Error(`within ${TOKEN}`);
    logger.error(
      { err: new Error(`around ${TOKEN}`, { cause }), url: `/?token=${encodeURIComponent(TOKEN)}` },
      TOKEN,
    );
    logger.info({ list: [{ deep: TOKEN }] }, "fine");
    expect(written()).not.toContain("a-token-with-");
    expect(written().match(/\[redacted:AUTH_TOKEN\]/g)?.length).toBeGreaterThanOrEqual(4);
    expect(written()).toContain("fine");
  });

  it("is lines of JSON where nobody watches", () => {
    const { logger, written } = start(false);
    logger.warn({ session: "s1" }, `with ${TOKEN}`);
    expect(JSON.parse(written())).toMatchObject({
      level: "warn",
      session: "s1",
      msg: "with [redacted:AUTH_TOKEN]",
    });
  });
});
