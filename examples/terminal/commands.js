// What begins with a slash.

import { count, parseClean } from "./format.js";

const USAGES = {
  "/context": "how full the model's context is",
  "/compact": "replace the older conversation by a summary",
  "/model NAME": "run the next prompts on another model",
  "/sessions": "list the sessions of this server",
  "/help": "this list",
  "/quit": "leave",
};
const SESSIONS_SHOWN = 20;

export const commandWords = Object.keys(USAGES).map((usage) => usage.split(" ")[0]);

/** `client`: `{ url, token?, state, view, ask, leave }`; `ask` asks the server and resolves when it was answered. */
export function createCommands({ url, token, state, view, ask, leave }) {
  const commands = {
    "/context": () => ask("contextInfo"),
    "/compact": () => ask("compact"),
    "/model": (name) => {
      if (name) state.model = name;
      const model = state.model ?? state.info?.model ?? "the server's own";
      view.note(name ? `the next prompt runs on ${name}` : `model: ${model}`);
    },
    "/sessions": () => listSessions(sessionsPage(url), token, view),
    "/help": () => {
      for (const [usage, meaning] of Object.entries(USAGES)) view.note(`${usage.padEnd(12)} ${meaning}`);
    },
    "/quit": () => leave(0),
  };
  /** Undefined when the text is a prompt. */
  return (text) => {
    const [word, argument] = text.split(/\s+/);
    // A path is a prompt; a mistyped command is not.
    if (!/^\/[a-z]*$/.test(word)) return undefined;
    const command = Object.hasOwn(commands, word) ? commands[word] : undefined;
    return async () => {
      view.screen.gap();
      if (command) await command(argument);
      else view.error(undefined, `There is no ${word}; /help lists what there is.`);
    };
  };
}

/** Of the server that is talked to at this URL: a path before `/ws` is its own. */
function sessionsPage(url) {
  const page = new URL(url.href.replace(/^ws/, "http"));
  page.pathname = page.pathname.replace(/(?:\/ws(?:\/[0-9a-f]{32,64})?)?\/*$/, "/sessions");
  page.search = "";
  page.hash = "";
  return page;
}

async function listSessions(address, token, view) {
  const response = await fetch(address, token ? { headers: { authorization: `Bearer ${token}` } } : {});
  if (!response.ok) return view.error(undefined, `GET ${address.pathname} answered ${response.status}.`);
  const { sessions = [] } = parseClean(await response.text());
  if (sessions.length === 0) view.note("No sessions are stored.");
  for (const session of sessions.slice(0, SESSIONS_SHOWN)) {
    const start = new Date(session.start_time).toLocaleString("sv");
    const active = session.state === "active" ? " · active" : "";
    view.note(`${session.session_id}  ${start}  ${count(session.event_count)} messages${active}`);
  }
  const rest = sessions.length - SESSIONS_SHOWN;
  if (rest > 0) view.note(`and ${rest} more`);
}
