import { memo } from "react";
import { Link } from "wouter";
import { Badge, type Tone } from "../parts/badge.tsx";
import { Diff } from "../parts/diff.tsx";
import { Readable } from "../parts/exact.tsx";
import { TerminalIcon, FileIcon } from "../parts/icons.tsx";
import { TerminalOutput } from "../parts/terminal-output.tsx";
import { addressOf } from "./address.ts";
import type { Block, TextBlock, ToolBlock } from "./blocks.ts";
import { LongText } from "./long-text.tsx";
import { Prose } from "./prose.tsx";

/** One thing of the conversation as it stood. */
export const BlockView = memo(function BlockView({ id, block }: { id: string; block: Block }) {
  if (block.kind === "notice") {
    return (
      <p className={`block-notice block-${block.tone}`}>
        <Readable text={block.text} />
      </p>
    );
  }
  return (
    <article className={`block block-${block.kind}`}>
      <header>
        <span className="block-name">{nameOf(block)}</span>
        <Link
          href={addressOf(id, "events", block.seq)}
          className="block-seq"
          aria-label={`Event ${block.seq}`}
        >
          #{block.seq}
        </Link>
      </header>
      {block.kind === "tool" ? <Tool tool={block} /> : <Text block={block} />}
    </article>
  );
});

const NAMES: Record<TextBlock["kind"], string> = {
  user: "User",
  assistant: "Assistant",
  reasoning: "Reasoning",
  explanation: "Explanation",
  instruction: "Instructions",
};

const nameOf = (block: TextBlock | ToolBlock): string =>
  block.kind === "tool" ? block.name : NAMES[block.kind];

const Text = ({ block: { kind, text } }: { block: TextBlock }) =>
  kind === "user" || kind === "instruction" ? <LongText text={text} /> : <Prose text={text} />;

const STATES: Record<ToolBlock["state"], { words: string; tone: Tone }> = {
  writing: { words: "being written", tone: "muted" },
  written: { words: "waits", tone: "muted" },
  asked: { words: "waits for approval", tone: "warn" },
  explaining: { words: "being explained", tone: "accent" },
  running: { words: "running", tone: "accent" },
  done: { words: "done", tone: "good" },
  failed: { words: "failed", tone: "bad" },
  denied: { words: "denied", tone: "bad" },
  unrun: { words: "did not run", tone: "muted" },
};

function Tool({ tool }: { tool: ToolBlock }) {
  const { words, tone } = STATES[tool.state];
  const code = tool.exitCode === undefined || tool.exitCode === 0 ? "" : `, exit ${tool.exitCode}`;
  return (
    <>
      <p className="block-call">
        {tool.files.length > 0 ? <FileIcon /> : <TerminalIcon />}
        <code>
          <Readable text={(tool.words === "" ? tool.argumentsText : tool.words).slice(0, 4000)} />
        </code>
        <Badge tone={tone}>
          {words}
          {code}
        </Badge>
      </p>
      {tool.state === "asked" && (
        <p className="block-reason">
          <Readable text={tool.reason} />
        </p>
      )}
      {tool.decision !== "" && <p className="block-reason">{tool.decision}</p>}
      {tool.files.length > 0 && <Diff files={tool.files} />}
      {tool.output !== "" && tool.files.length === 0 && <TerminalOutput text={tool.output} />}
    </>
  );
}
