import { StringDecoder } from "node:string_decoder";

/** A line that is longer is no message. */
const MAX_LINE = 64 * 1024 * 1024;

/** Splits at line feeds alone, and reads no faster than the lines are taken. Throws on a line without an end. */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new StringDecoder("utf8");
  let pieces: string[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    const parts = decoder.write(chunk).split("\n");
    for (const [index, part] of parts.entries()) {
      pieces.push(part);
      length += part.length;
      if (length > MAX_LINE) throw new Error(`a line of more than ${MAX_LINE} characters`);
      if (index === parts.length - 1) break;
      yield pieces.join("");
      pieces = [];
      length = 0;
    }
  }
}
