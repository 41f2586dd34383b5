// What people and the model say: text as it is generated, and the finished items, which carry the same text again.

export function conversation(screen, paint) {
  /** What was shown of an item so far, by its id. */
  const streamed = new Map();
  /** Our own words: they were shown when they were typed, and come back as items once they were taken in. */
  const typed = [];
  let current;
  const styles = {
    text: { answer: true, style: paint.none },
    reasoning: { answer: false, style: paint.faint },
  };

  const say = (kind, itemId, text) => {
    if (text === "") return;
    const key = `${kind} ${itemId}`;
    if (current !== key) screen.gap();
    current = key;
    screen.text(text, styles[kind]);
  };
  const end = () => {
    screen.endText();
    current = undefined;
  };
  const words = (text) => {
    screen.gap();
    for (const [index, line] of text.split("\n").entries()) {
      screen.line(`${paint.boldCyan(index === 0 ? "›" : " ")} ${paint.bold(line)}`);
    }
  };
  /** Of what the server put into the conversation (a summary, instructions) one line is enough. */
  const note = (text) => {
    const [first, ...rest] = text.split("\n");
    screen.line(paint.dim(`  ${first}${rest.length > 0 ? " …" : ""}`));
  };
  return {
    delta(kind, itemId, text) {
      const before = streamed.get(itemId) ?? "";
      streamed.set(itemId, before + text);
      // Models like to begin with empty lines.
      say(kind, itemId, before.trim() === "" ? text.replace(/^\s+/, "") : text);
    },
    /** What deltas have not shown: all of it, nothing, or (when some were lost) all of it again. */
    finished(kind, itemId, text) {
      const before = streamed.get(itemId) ?? "";
      streamed.delete(itemId);
      if (before.trim() === "") say(kind, itemId, text.trimStart());
      else if (text.startsWith(before)) say(kind, itemId, text.slice(before.length));
      else if (kind === "text") {
        end();
        say(kind, itemId, text);
      }
      end();
    },
    user(text) {
      typed.push(text);
      words(text);
    },
    /** A message of somebody else: us, another client of the session, or the server. */
    message(role, text) {
      const own = typed.indexOf(text);
      if (own >= 0) typed.splice(own, 1);
      else if (role === "user") words(text);
      else note(text);
    },
  };
}
