import type { Page, PageAnswer } from "../contract/page.ts";

/** The server runs. */
export const health: Page = () => Promise.resolve(say(200, "ok"));

/** The server takes new clients. */
export const readiness =
  (isReady: () => boolean): Page =>
  () =>
    Promise.resolve(isReady() ? say(200, "ok") : say(503, "stopping"));

const say = (status: number, text: string): PageAnswer => ({
  status,
  body: JSON.stringify({ status: text }),
});
