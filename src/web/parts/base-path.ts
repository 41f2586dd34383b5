/** What the paths of the server begin with, from the page that it made: empty where it has a host of its own. */
const BASE_PATH =
  typeof document === "undefined" ? "" : (document.querySelector<HTMLElement>("#app")?.dataset["base"] ?? "");

/** The path of a page or door of the server, as the browser has to ask for it. */
export const serverPath = (path: string): string => BASE_PATH + path;
