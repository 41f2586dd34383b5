#!/usr/bin/env node
// An interactive terminal client on the typed client (npm run build makes it). What you may want to copy is here:
// connect, say, answer, and one switch over the message types. How it looks and what is typed is in terminal/.

import { connect } from "agentloop-server/client";
import { readArguments } from "./terminal/arguments.js";
import { commandWords, createCommands } from "./terminal/commands.js";
import { callText, clean, parseClean, seconds } from "./terminal/format.js";
import { readLines, readTerminal } from "./terminal/input.js";
import { createView } from "./terminal/view.js";

const REVIEWS = { y: "YES", n: "NO", c: "NO_CONTINUE", a: "ALWAYS", e: "EXPLAIN" };
const SETTLE_MS = 1_000;
const BANNER_MS = 150;
const FAREWELL_MS = 100;

const { url, token, prompt } = readArguments();
const state = {
  oneShot: prompt !== undefined,
  connected: false,
  running: false,
  loading: false,
  failed: false,
  cancelling: false,
  startedAt: 0,
  /** What the spinner says. */
  activity: "",
  /** The open approval: `{ id, callId, explaining, denying }`. */
  question: undefined,
  /** Chosen by /model. */
  model: undefined,
  info: undefined,
  keyboard: undefined,
  leaving: false,
};
const view = createView(state);
let anyTurnFailed = false;
let turnEnded = () => {};
let askAnswered = () => {};
let settling;
let input;

const client = connect({ url, token });
const command = createCommands({ url, token, state, view, ask, leave });

client.onState((link, reason) => {
  if (link === "closed") fail(reason);
  else if (link === "reconnecting") view.note(`${reason}; connecting again`);
  else if (state.connected) view.note("connected again");
  else start();
});
client.subscribe((message) => {
  try {
    receive(parseClean(JSON.stringify(message)));
  } catch (error) {
    view.error(undefined, `The server sent something unreadable: ${clean(error.message)}`);
  }
});
process.on("SIGINT", interrupt);
process.on("SIGTERM", () => leave(143));
process.on("SIGHUP", () => leave(129));

function start() {
  state.connected = true;
  if (process.stdin.isTTY && view.screen.living) input = state.keyboard = openKeyboard();
  else input = readLines();
  if (prompt !== undefined) submit(prompt);
  else if (!state.keyboard) submitLines().catch(crash);
  // Servers that say `session_info` do so first; the others get their banner from us.
  if (prompt === undefined) setTimeout(() => state.info ?? view.banner(url.origin), BANNER_MS).unref();
}

/** Every string in a message is clean already: nothing in it can steer the terminal. */
function receive(message) {
  const payload = message.payload ?? {};
  switch (message.type) {
    case "session_info":
      return attached(payload);
    case "loading_state":
      return setLoading(payload.loading === true);
    case "response_delta":
      return delta(payload);
    case "response_item":
      return item(payload);
    case "approval_request":
      return openQuestion(message.id, payload);
    case "approval_resolved":
      return resolved(payload);
    case "status":
      return status(payload);
    case "context_info":
      view.context(payload);
      return askAnswered();
    case "context_compacted":
      view.compacted(payload);
      return askAnswered();
    case "error":
      return error(payload);
    case "agent_finished":
      return finish(payload.status ?? (state.failed ? "failed" : "completed"), payload.usage);
    default:
    // A newer server may say more than this client knows.
  }
}

// The turn

function submit(text) {
  view.user(clean(text));
  if (!state.running) begin();
  client.say(text, state.model ? { model: state.model } : {});
}

function begin() {
  Object.assign(state, { running: true, failed: false, cancelling: false, startedAt: Date.now() });
  state.activity = "Thinking";
}

function setLoading(loading) {
  state.loading = loading;
  if (loading && !state.running) begin();
  settle();
}

function finish(outcome, usage) {
  clearTimeout(settling);
  if (!state.running) return;
  Object.assign(state, { running: false, loading: false, question: undefined });
  anyTurnFailed ||= outcome !== "completed";
  view.turnOver();
  view.turnEnd(outcome, usage, Date.now() - state.startedAt);
  if (state.oneShot) leave(anyTurnFailed ? 1 : 0);
  turnEnded();
}

/** Some servers end a failed turn with its error alone, without `agent_finished`. */
function settle() {
  clearTimeout(settling);
  if (!state.running || !state.failed || state.loading) return;
  settling = setTimeout(() => finish("failed"), SETTLE_MS);
}

function error({ message, details, retryable }) {
  view.error(details?.code, `${message ?? "unknown error"}${retryable ? " (trying again may help)" : ""}`);
  state.failed = true;
  settle();
  askAnswered();
}

// What the model says and does

function delta({ itemId, kind, delta: text }) {
  state.activity = { text: "Writing", arguments: "Preparing a call" }[kind] ?? state.activity;
  if (kind === "text" || kind === "reasoning") view.delta(kind, itemId, text);
  if (kind === "output") view.output(text);
}

function item(payload) {
  const { type, id, role } = payload;
  if (type === "message" && role === "assistant") said(id, textOf(payload.content));
  else if (type === "message") view.message(role, textOf(payload.content));
  else if (type === "reasoning") view.finished("reasoning", id, textOf(payload.summary));
  else if (type === "function_call") called(payload);
  else if (type === "function_call_output") callEnded(payload);
}

const textOf = (content) =>
  typeof content === "string"
    ? content
    : (content ?? []).map((part) => part?.text ?? part?.refusal ?? "").join("");

function said(id, text) {
  view.finished("text", id, text);
  state.activity = "Thinking";
  if (state.question?.explaining) askPerson();
}

function called(call) {
  view.called(call);
  state.activity = `Running ${callText(call).split("\n")[0].slice(0, 40)}`;
}

function callEnded({ call_id: callId, output }) {
  view.ended(callId, output);
  if (state.question && (state.question.callId ?? callId) === callId) state.question = undefined;
  state.activity = "Thinking";
}

function status({ kind, ...facts }) {
  if (kind === "tool_started") {
    view.started(facts);
    state.activity = "Running";
  }
  if (kind === "retrying") view.note(`${facts.reason}; attempt ${facts.attempt} in ${seconds(facts.inMs)}`);
  if (kind === "model_changed") view.note(`now on ${facts.model}`);
}

// Approvals

function openQuestion(id, payload) {
  const explained = state.question?.id === id;
  state.question = { id, callId: payload.callId };
  if (!explained) view.question(payload);
  askPerson();
}

function askPerson() {
  state.question.explaining = false;
  if (!state.keyboard) answerFromLines(state.question).catch(crash);
  view.screen.refresh();
}

function answer(review, denyMessage) {
  const { question } = state;
  client.answer(question.id, review, denyMessage ? { denyMessage } : {});
  view.answered(review, denyMessage ? `: ${denyMessage}` : "");
  if (review === "EXPLAIN") question.explaining = true;
  else state.question = undefined;
}

/** A key on an empty line. True: it was meant for the question. */
function answerKey(key) {
  const { question } = state;
  if (!question || question.explaining || question.denying || key === "/") return false;
  const review = reviewOf(key);
  if (key === "d") question.denying = true;
  else if (review) answer(review);
  return true;
}

const reviewOf = (text) =>
  Object.hasOwn(REVIEWS, text.toLowerCase()) ? REVIEWS[text.toLowerCase()] : undefined;

/** Lines of a file or pipe answer as well. One that is no answer is left to be the next prompt. */
async function answerFromLines(question) {
  const line = await input.peek();
  if (state.question !== question) return;
  const review = reviewOf(line?.trim() ?? "");
  if (review) input.take();
  else view.note("Nobody is here to approve this: declined.");
  answer(review ?? "NO_CONTINUE");
}

/** Another client answered, or nobody did in time. */
function resolved({ requestId, review, decidedBy }) {
  if (state.question?.id !== requestId || review === "EXPLAIN") return;
  state.question = undefined;
  const by = { timeout: " (nobody answered in time)", client: " (another client)" }[decidedBy];
  view.answered(review, by ?? "");
}

// The session

function attached(info) {
  const before = state.info;
  state.info = info;
  if (info.state === "running" && !state.running) begin();
  if (!state.oneShot && !before) view.banner(url.origin, info);
}

/** `request` is what the client has for it: "contextInfo" or "compact". */
function ask(request) {
  client[request]();
  return new Promise((resolve) => (askAnswered = resolve));
}

// What is typed

function openKeyboard() {
  const does = { onKey: answerKey, onLine: typed, onInterrupt: interrupt, onEnd: () => leave(0) };
  return readTerminal({ ...does, words: commandWords, onChange: () => view.screen.refresh() });
}

function typed(line) {
  const text = line.trim();
  if (state.question?.denying) {
    state.question.denying = false;
    if (text !== "") answer("NO_CONTINUE", text);
  } else if (text !== "") {
    perform(text).catch((error) => view.error(undefined, clean(error.message)));
  }
}

/** A command or a prompt. A command's answer is waited for, a turn's end is not. */
async function perform(text) {
  const run = command(text);
  if (run) await run();
  else submit(text);
}

async function submitLines() {
  while ((await input.peek()) !== undefined) {
    const text = input.take().trim();
    if (text !== "") await perform(text);
    if (state.running) await new Promise((resolve) => (turnEnded = resolve));
  }
  leave(anyTurnFailed ? 1 : 0);
}

/** Ctrl-C: first the turn, then the client. */
function interrupt() {
  if (state.question?.denying) state.question.denying = false;
  else if (state.running && !state.cancelling) {
    Object.assign(state, { cancelling: true, activity: "Cancelling" });
    client.cancel();
  } else if (!state.running && state.keyboard?.empty === false) state.keyboard.clear();
  else leave(state.running ? 130 : 0);
  view.screen.refresh();
}

// The end

function leave(code) {
  if (state.leaving) return;
  state.leaving = true;
  const wasOpen = client.state === "open";
  if (wasOpen && state.running && !state.cancelling) client.cancel();
  input?.close();
  view.close();
  client.close();
  // What was sent last leaves with the connection.
  process.exitCode = code;
  setTimeout(() => process.exit(code), wasOpen ? FAREWELL_MS : 0);
}

function fail(message) {
  if (state.leaving) return;
  const hint = /answered 401\b|unauthorized/.test(message) ? " (is AUTH_TOKEN right?)" : "";
  view.error(undefined, clean(message) + hint);
  leave(1);
}

/** A fault of this client. */
function crash(error) {
  fail(error.stack);
}
