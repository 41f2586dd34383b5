import { memo } from "react";
import { Link } from "wouter";
import { Badge, type Tone } from "../parts/badge.tsx";
import { Diff } from "../parts/diff.tsx";
import { Readable } from "../parts/exact.tsx";
import { TerminalIcon, FileIcon } from "../parts/icons.tsx";
import { Markdown } from "../parts/markdown.tsx";
import { TerminalOutput } from "../parts/terminal-output.tsx";
import { addressOf } from "./address.ts";
import type { Block, TextBlock, ToolBlock } from "./conversation.ts";
import { diffFile } from "./event-body.tsx";
import { LongText } from "./long-text.tsx";

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
};

const nameOf = (block: TextBlock | ToolBlock): string =>
  block.kind === "tool" ? block.name : NAMES[block.kind];

/** A longer text is drawn as it is: it may come again with every delta. */
const MAX_MARKDOWN = 100_000;

const Text = ({ block }: { block: TextBlock }) =>
  block.kind === "user" || block.text.length > MAX_MARKDOWN ? (
    <LongText text={block.text} />
  ) : (
    <Markdown text={block.text} />
  );

const STATES: Record<ToolBlock["state"], { words: string; tone: Tone }> = {
  written: { words: "being written", tone: "muted" },
  asked: { words: "waits for approval", tone: "warn" },
  running: { words: "running", tone: "accent" },
  done: { words: "done", tone: "good" },
  failed: { words: "failed", tone: "bad" },
  denied: { words: "denied", tone: "bad" },
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
      {tool.files.length > 0 && <Diff files={tool.files.map(diffFile)} />}
      {tool.output !== "" && tool.files.length === 0 && <TerminalOutput text={tool.output} />}
    </>
  );
}
