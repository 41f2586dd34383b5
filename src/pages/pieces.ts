import type { PageAnswer } from "../contract/page.ts";

/** An answer in JSON. */
export const json = (body: PageAnswer["body"], status = 200): PageAnswer => ({ status, body });

const PIECE_LENGTH = 16 * 1024;

/** Fewer and larger writes. What fails before the first of them is answered by an error of its own. */
export async function* inLargePieces(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let waiting = "";
  for await (const piece of pieces) {
    waiting += piece;
    if (waiting.length < PIECE_LENGTH) continue;
    yield waiting;
    waiting = "";
  }
  yield waiting;
}
