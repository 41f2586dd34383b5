/** What the scripted model can do for someone who asks in plain words. */
export type Task =
  | { kind: "run"; command: string }
  | { kind: "create"; path: string; content: string }
  | { kind: "read"; path: string }
  | { kind: "list"; path: string };

export interface Understood {
  tasks: Task[];
  /** Parts of the text that are none of these, as they were written. */
  unclear: string[];
}

/** Reads a request: tasks joined by "then" or "and then". */
export function understand(text: string): Understood {
  const understood: Understood = { tasks: [], unclear: [] };
  for (const part of splitAtThen(text)) {
    const task = readTask(part);
    if (task) understood.tasks.push(task);
    else understood.unclear.push(part);
  }
  return understood;
}

/** A "then" inside quotes or backticks joins nothing. */
function splitAtThen(text: string): string[] {
  const parts: string[] = [];
  let start = 0;
  const quotedOrThen = /```[\s\S]*?```|`[^`]*`|"[^"]*"|(?<=^|\s)'[^']*'|([,;.]?\s+(?:and\s+)?then,?\s+)/gi;
  for (const match of text.matchAll(quotedOrThen)) {
    if (match[1] === undefined) continue;
    parts.push(text.slice(start, match.index));
    start = match.index + match[0].length;
  }
  parts.push(text.slice(start));
  return parts.map((part) => part.trim()).filter((part) => part !== "");
}

const POLITE = /^(?:(?:please|can you|could you|now|first|next|okay|ok|and)[,:]?\s+)+/i;
const NAME = "(`[^`]+`|\"[^\"]+\"|'[^']+'|\\S+)";
const RUN = /^(?:run|execute)\s+(?:(?:the\s+)?command\s+)?(?!(?:the|a|an|my|all)\s)([\s\S]+)$/i;
const CREATE = new RegExp(
  `^(?:create|write|make|add)\\s+(?:an?\\s+|the\\s+)?(?:new\\s+)?(?:file\\s+)?(?:called\\s+|named\\s+)?${NAME}` +
    "\\s+(?:with|containing|saying|that\\s+says)\\s+(?:the\\s+)?(?:(?:contents?|text|lines?)\\s*:?\\s+)?([\\s\\S]+)$",
  "i",
);
const LIST = new RegExp(
  `^(?:list|show)\\s+(?:me\\s+)?(?:all\\s+)?(?:the\\s+)?files(?:\\s+(?:in|of|under)\\s+${NAME})?$`,
  "i",
);
const READ = new RegExp(
  `^(?:read|show|print|open|cat|display)\\s+(?:me\\s+)?(?:the\\s+)?(?:file\\s+|contents?\\s+of\\s+)?${NAME}$`,
  "i",
);

function readTask(part: string): Task | undefined {
  const text = part.replace(POLITE, "");
  const sentence = withoutFullStop(text);
  const command = RUN.exec(sentence)?.[1];
  if (command !== undefined) return { kind: "run", command: unquoted(command) };
  const [, path, content] = CREATE.exec(text) ?? [];
  if (path !== undefined && content !== undefined) {
    return { kind: "create", path: unquoted(path), content: unquoted(content) };
  }
  const list = LIST.exec(sentence);
  if (list) return { kind: "list", path: unquoted(list[1] ?? ".") };
  const file = READ.exec(sentence)?.[1];
  return file === undefined ? undefined : { kind: "read", path: unquoted(file) };
}

/** The dot of `ls .` is no full stop. */
const withoutFullStop = (text: string) => text.replace(/(?<=[^\s.])[.?!]$/, "");

function unquoted(text: string): string {
  const fenced = /^```[^\n]*\n([\s\S]*?)\n?```$/.exec(text);
  if (fenced?.[1] !== undefined) return fenced[1];
  const quoted = /^(["'`])([\s\S]*)\1$/.exec(text);
  const inner = quoted?.[2];
  return inner === undefined || inner.includes(quoted?.[1] ?? "") ? text : inner;
}
