// How commands and patches look: asked for, started, running, done. A call is shown once, however it was told: by an
// approval, by its start, or (where a server says neither) by its output.

import * as format from "./format.js";

const OUTPUT_ROWS = 8;
const DIFF_ROWS = 40;
const TAIL_CHARACTERS = 8_192;
const VERDICTS = {
  YES: "✓ yes",
  ALWAYS: "✓ always, for this session",
  NO: "✗ no, stop",
  NO_CONTINUE: "✗ no, continue without it",
  EXPLAIN: "? explain",
};

export function tools(screen, paint) {
  /** Calls without an output yet: `{ text, shown }` by their id. */
  const calls = new Map();
  let tail = "";
  /** The next output tells the model of a refusal; the person knows of it. */
  let declined = false;

  const showCommand = (text) => {
    for (const [index, line] of text.split("\n").entries()) {
      screen.line(`  ${paint.cyan(index === 0 ? "$" : " ")} ${paint.bold(line)}`);
    }
  };
  const showLines = (lines) => lines.forEach((line) => screen.line(`  ${line}`));
  const outputRow = (line) => paint.dim(`  │ ${format.fit(line, screen.columns - 6)}`);
  const show = (text, files) => {
    screen.gap();
    if (files?.length) files.forEach((file) => showLines(beginning(format.fileLines(file, paint), paint)));
    else showCommand(text);
  };
  return {
    called(call) {
      calls.set(call.call_id, { text: format.callText(call), shown: false });
    },
    /** Whole, however long: nobody should approve what they cannot see. */
    question({ callId, command, applyPatch, files, cwd, reason, risk }) {
      const text = format.commandText(command);
      if (callId) calls.set(callId, { text, shown: true });
      else for (const call of calls.values()) call.shown = true;
      const patch = patchOf(command, applyPatch);
      const isPatch = patch !== undefined || files?.length > 0;
      screen.gap();
      screen.line(paint.boldYellow(isPatch ? "● Apply this patch?" : "● Run this?"));
      if (files?.length) files.forEach((file) => showLines(format.fileLines(file, paint)));
      else if (isPatch) showLines(format.diffLines(patch, paint));
      else showCommand(text);
      if (cwd) screen.line(`  ${paint.dim(`in ${cwd}`)}`);
      const riskStyle = { high: paint.red, medium: paint.yellow }[risk] ?? paint.dim;
      const why = [risk ? riskStyle(`${risk} risk`) : "", paint.dim(reason ?? "")].filter(Boolean);
      if (why.length > 0) screen.line(`  ${why.join(paint.dim(" · "))}`);
    },
    answered(review, suffix = "") {
      declined = review === "NO" || review === "NO_CONTINUE";
      const style = review === "YES" || review === "ALWAYS" ? paint.green : paint.yellow;
      screen.line(`  ${style(`${VERDICTS[review] ?? review}${suffix}`)}`);
    },
    started({ callId, name, command, files }) {
      const call = calls.get(callId);
      const text = command ? format.commandText(command) : (call?.text ?? name);
      if (!call?.shown) show(text, files);
      calls.set(callId, { text, shown: true });
    },
    output(piece) {
      tail = (tail + piece).slice(-TAIL_CHARACTERS);
      screen.refresh();
    },
    /** The last rows of what the running command has printed so far. */
    tailRows: () => outputLines(tail).slice(-Math.min(OUTPUT_ROWS, screen.room)).map(outputRow),
    /** `output` is JSON with the text and what is known of the run, or the text alone. */
    ended(callId, output) {
      const call = calls.get(callId);
      calls.delete(callId);
      if (call && !call.shown) show(call.text);
      if (declined) return void (declined = false);
      const result = format.tryParseClean(output);
      const lines = outputLines((result?.output ?? String(output ?? "")) || tail);
      tail = "";
      const hidden = lines.length - OUTPUT_ROWS;
      if (hidden > 0) screen.line(paint.dim(`  │ … ${format.count(hidden)} lines above`));
      lines.slice(-OUTPUT_ROWS).forEach((line) => screen.line(outputRow(line)));
      const facts = runFacts(result?.metadata ?? {}, paint);
      if (facts !== "") screen.line(`  ${facts}`);
    },
    turnOver() {
      calls.clear();
      tail = "";
      declined = false;
    },
  };
}

function runFacts({ exit_code: exitCode, duration_seconds: duration }, paint) {
  const failed = typeof exitCode === "number" && exitCode !== 0;
  const facts = [
    failed ? paint.red(`exit ${exitCode}`) : "",
    duration >= 1 ? paint.dim(format.seconds(duration * 1000)) : "",
  ];
  return facts.filter(Boolean).join(paint.dim(" · "));
}

function beginning(lines, paint) {
  if (lines.length <= DIFF_ROWS) return lines;
  return [...lines.slice(0, DIFF_ROWS), paint.dim(`… ${lines.length - DIFF_ROWS} more lines`)];
}

function outputLines(text) {
  const shown = format.programOutput(String(text)).trimEnd();
  return shown === "" ? [] : shown.split("\n");
}

/** The patch's text, where the request is one. Servers say it in a field, in the command, or both. */
function patchOf(command, applyPatch) {
  if (typeof applyPatch?.patch === "string") return applyPatch.patch;
  if (applyPatch) return JSON.stringify(applyPatch, null, 2);
  return Array.isArray(command) && command[0] === "apply_patch" ? String(command[1] ?? "") : undefined;
}
