/**
 * Puts every string of a JSON text, keys too, through `map`; all other bytes stay as they are. Left alone is what a
 * provider wants back unchanged with an item: `encrypted_content` and `origin.opaque`.
 */
export function mapStrings(json: string, map: (value: string) => string): string {
  /** The key in each object that is open; arrays have none. */
  const path: string[] = [];
  let type = "";
  let mapped = "";
  let copied = 0;
  for (let at = 0; at < json.length; at += 1) {
    const character = json[at];
    if (character === "{" || character === "[") path.push("");
    else if (character === "}" || character === "]") path.pop();
    if (character !== '"') continue;
    const end = endOfString(json, at);
    const value = JSON.parse(json.slice(at, end)) as string;
    if (isKey(json, end)) path[path.length - 1] = value;
    else if (path.length === 1 && path[0] === "type") type = value;
    const replaced = type === "response_item" && isOpaque(path) ? value : map(value);
    if (replaced !== value) {
      mapped += json.slice(copied, at) + JSON.stringify(replaced);
      copied = end;
    }
    at = end - 1;
  }
  return mapped + json.slice(copied);
}

/** The index after the closing quote of the string that begins at `start`. */
export function endOfString(json: string, start: number): number {
  for (let at = json.indexOf('"', start + 1); at > 0; at = json.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (json[at - 1 - backslashes] === "\\") backslashes += 1;
    if (backslashes % 2 === 0) return at + 1;
  }
  return json.length;
}

function isKey(json: string, end: number): boolean {
  let at = end;
  while (" \t\n\r".includes(json[at] ?? ":")) at += 1;
  return json[at] === ":";
}

const isOpaque = ([root, field, inner, ...deeper]: string[]) =>
  root === "payload" &&
  ((field === "encrypted_content" && inner === undefined && deeper.length === 0) ||
    (field === "origin" && inner === "opaque"));
