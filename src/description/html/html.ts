/** HTML that may be put into other HTML as it is. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Part = string | number | Html | undefined | readonly Part[];

/** A template whose parts are escaped, but for those that are HTML themselves. */
export const html = (texts: TemplateStringsArray, ...parts: Part[]): Html =>
  new Html(texts.reduce((whole, text, index) => whole + partText(parts[index - 1]) + text));

function partText(part: Part): string {
  if (part === undefined) return "";
  if (part instanceof Html) return part.text;
  if (typeof part === "object") return part.map(partText).join("");
  return String(part).replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Words with `code` in between. */
export const prose = (words: string): Html =>
  html`${words.split("`").map((text, index) => (index % 2 === 1 ? html`<code>${text}</code>` : text))}`;

/** A whole value, to be read and copied. */
export const example = (value: unknown): Html => html`<pre>${JSON.stringify(value, undefined, 2)}</pre>`;
