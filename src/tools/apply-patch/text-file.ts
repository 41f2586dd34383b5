const BYTE_ORDER_MARK = "\uFEFF";

/** One line; `end` is its line break, empty for a last line without one. */
interface Line {
  text: string;
  end: string;
}

/** A text file taken apart so that what is not changed comes out byte by byte as it was. */
export interface TextFile {
  byteOrderMark: boolean;
  lines: Line[];
}

/** Undefined: not a text in UTF-8. */
export function decodeText(bytes: Uint8Array): TextFile | undefined {
  const text = textOf(bytes);
  if (text === undefined) return undefined;
  const byteOrderMark = text.startsWith(BYTE_ORDER_MARK);
  const lines: Line[] = [];
  for (const line of (byteOrderMark ? text.slice(1) : text).split(/(?<=\n)/)) {
    const end = line.endsWith("\r\n") ? "\r\n" : line.endsWith("\n") ? "\n" : "";
    if (line !== "") lines.push({ text: line.slice(0, line.length - end.length), end });
  }
  return { byteOrderMark, lines };
}

/** The whole as text, a byte order mark included. Undefined: not a text in UTF-8. */
export function textOf(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

export function encodeText(file: TextFile): Buffer {
  const text = file.lines.map(({ text, end }) => text + end).join("");
  return Buffer.from((file.byteOrderMark ? BYTE_ORDER_MARK : "") + text, "utf8");
}

/** What a new line at `index` ends with: as its neighbours do. */
export function lineEndAt(file: TextFile, index: number): string {
  const neighbour = file.lines[index - 1]?.end || file.lines[index]?.end || file.lines[0]?.end;
  return neighbour || "\n";
}
