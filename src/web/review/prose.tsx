import { Markdown } from "../parts/markdown.tsx";
import { LongText } from "./long-text.tsx";

/** A longer text is drawn as it is: it may come again with every delta. */
const MAX_MARKDOWN = 100_000;

/** What a model has written. */
export const Prose = ({ text }: { text: string }) =>
  text.length > MAX_MARKDOWN ? <LongText text={text} /> : <Markdown text={text} />;
