// How a conversation looks. Everything that is drawn is drawn here; what happens next is decided elsewhere.

import * as format from "./format.js";
import { conversation } from "./conversation.js";
import { createScreen, inputWindow } from "./screen.js";
import { tools } from "./tools.js";

const SPINNER = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const UNBROKEN = "\u00a0";
const KEYS = [
  ["y", "yes"],
  ["n", "no, and stop"],
  ["c", "no, but continue"],
  ["a", "always"],
  ["e", "explain"],
  ["d", "deny and say why"],
];

/**
 * `state` is the client's: `{ running, cancelling, startedAt, activity, question, oneShot, keyboard }`. The view reads it
 * whenever it draws.
 */
export function createView(state) {
  const screen = createScreen();
  const paint = format.createPaint(screen.living && !process.env.NO_COLOR);
  const view = {
    screen,
    paint,
    ...conversation(screen, paint),
    ...tools(screen, paint),
    ...notes(screen, paint),
    close: () => {
      clearInterval(timer);
      screen.close();
    },
  };
  screen.footer = () => footer(state, view);
  const timer = setInterval(() => state.running && screen.refresh(), 100);
  return view;
}

// Short lines about the session and the turn.
function notes(screen, paint) {
  const dim = (text) => screen.line(paint.dim(text));
  return {
    banner(url, info) {
      screen.line(`${paint.boldCyan("AgentLoop")}  ${paint.bold(info?.model ?? url)}`);
      if (info) {
        dim(`${info.workspace} · ${info.approvalPolicy} · ${info.sandbox}`);
        dim(`session ${info.session_id}`);
      }
      if (info?.sandbox === "danger-full-access") screen.line(paint.red("Commands run without a sandbox."));
    },
    note(text) {
      screen.endText();
      dim(`  ${text}`);
    },
    error(code, message) {
      screen.gap();
      screen.line(paint.red(`✗ ${code ? `${code}: ` : ""}${message}`));
    },
    context({ tokenCount, maxTokens, usagePercent, transcriptLength, strategy }) {
      const used = `${format.count(tokenCount)} of ${format.count(maxTokens)} tokens (${format.count(usagePercent)} %)`;
      const facts = [used, `${format.count(transcriptLength)} items`, strategy].filter(Boolean);
      dim(`  context: ${facts.join(" · ")}`);
    },
    compacted({ oldTokenCount, newTokenCount, reductionPercent }) {
      const change = `${format.count(oldTokenCount)} → ${format.count(newTokenCount)} tokens`;
      dim(`  compacted: ${change} (${format.count(reductionPercent)} % less)`);
    },
    turnEnd(status, usage, milliseconds) {
      const facts = [format.usageText(usage), format.seconds(milliseconds)].filter(Boolean).join(" · ");
      const word = { cancelled: paint.yellow("cancelled"), failed: paint.red("failed") }[status];
      screen.gap();
      screen.line([word, paint.dim(facts)].filter(Boolean).join(paint.dim(" · ")));
    },
  };
}

function footer(state, view) {
  const { screen, paint } = view;
  const rows = [...view.tailRows(), ""];
  if (state.question) rows.push(...questionRows(state, view));
  else if (state.running) rows.push(spinnerRow(state, paint));
  const { keyboard } = state;
  if (!keyboard || (state.oneShot && keyboard.line === "" && !state.question?.denying)) return { rows };

  const above = keyboard.linesAbove > 0 ? `+${keyboard.linesAbove} lines ` : "";
  const prompt = `${state.question?.denying ? "why not? " : ""}› ${above}`;
  const width = Math.max(1, screen.columns - prompt.length - 1);
  const { text, column } = inputWindow(format.clean(keyboard.line), keyboard.cursor, width);
  const hint = state.running || state.question ? "" : "Ask for something, or /help";
  const shown = text === "" && above === "" ? paint.dim(hint) : format.fit(text, width);
  rows.push(paint.boldCyan(prompt) + shown);
  const asking = state.question && !state.question.denying && keyboard.line === "";
  return asking ? { rows } : { rows, cursor: prompt.length + column };
}

function spinnerRow({ startedAt, activity, cancelling }, paint) {
  const elapsed = Date.now() - startedAt;
  const keys = cancelling ? "ctrl-c again leaves" : "ctrl-c cancels";
  const frame = SPINNER[Math.floor(elapsed / 100) % SPINNER.length];
  return `${paint.cyan(frame)} ${activity} ${paint.dim(`${format.seconds(elapsed)} · ${keys}`)}`;
}

function questionRows(state, view) {
  const { question, keyboard } = state;
  const { screen, paint } = view;
  if (question.explaining) return [spinnerRow({ ...state, activity: "Explaining" }, view.paint)];
  if (question.denying)
    return [paint.dim("Tell the model why, or press return on an empty line to go back.")];
  if (!keyboard) return [];
  if (keyboard.line !== "") return [paint.dim("Send or clear your line, then answer.")];
  const words = KEYS.map(([key, meaning]) => `${key} ${meaning}`.replaceAll(" ", UNBROKEN));
  const rows = format.wrap(words.join("   "), screen.columns - 3);
  return rows.map((row) => `  ${keysMarked(row, paint).replaceAll(UNBROKEN, " ")}`);
}

const keysMarked = (row, paint) =>
  row.trim().replace(/(?<=^|   )\w(?=\u00a0)/g, (key) => paint.boldYellow(key));
