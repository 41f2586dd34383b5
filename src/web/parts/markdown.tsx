import { type ComponentProps, memo, useMemo } from "react";
import ReactMarkdown, { type Components } from "react-markdown";
import remarkGfm from "remark-gfm";
import { CopyButton } from "./copy-button.tsx";
import { markdownBlocks } from "./markdown-blocks.ts";
import { readable } from "./visible.ts";

/**
 * What a model wrote. It is hostile until shown otherwise: no HTML, no image from elsewhere, no character that reorders
 * the text, and a link shows where it leads. While a text grows only its last block is drawn again.
 */
export function Markdown({ text }: { text: string }) {
  const blocks = useMemo(() => markdownBlocks(readable(text.replaceAll("\r\n", "\n"))), [text]);
  return (
    <div className="markdown" dir="auto">
      {blocks.map((block, index) => (
        <Block key={index} text={block} />
      ))}
    </div>
  );
}

const Block = memo(function Block({ text }: { text: string }) {
  return (
    <ReactMarkdown remarkPlugins={PLUGINS} components={COMPONENTS}>
      {text}
    </ReactMarkdown>
  );
});

const PLUGINS = [remarkGfm];

/** The page's own headings come before those of a text, whatever level it begins with. */
const heading = (level: number) =>
  function Heading({ children }: ComponentProps<"h3">) {
    return <h3 className={`level-${level}`}>{children}</h3>;
  };

const COMPONENTS: Components = {
  h1: heading(1),
  h2: heading(2),
  h3: heading(3),
  h4: heading(4),
  h5: heading(4),
  h6: heading(4),
  a: Link,
  img: ({ src, alt }) => <Image src={src} alt={alt} />,
  pre: CodeBlock,
  table: ({ children }) => (
    <div className="table-scroll" tabIndex={0} role="group" aria-label="Table">
      <table>{children}</table>
    </div>
  ),
  input: ({ checked }) => <span className="task">{checked === true ? "☑" : "☐"}</span>,
  section: ({ children }) => <div className="footnotes">{children}</div>,
};

const isAbsolute = (href: string) => /^(?:https?|mailto):/i.test(href);

/** A link into this page or of another kind is no link: nothing that a model says may act here. */
function Link({ href = "", children }: ComponentProps<"a">) {
  if (!isAbsolute(href)) {
    return (
      <>
        {children}
        {href !== "" && !href.startsWith("#") && <span className="link-target"> ({readable(href)})</span>}
      </>
    );
  }
  const isBare = typeof children === "string" && href.includes(children);
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow" title={readable(href)}>
      {children}
      {!isBare && <span className="link-target"> ({targetOf(href)})</span>}
    </a>
  );
}

function targetOf(href: string): string {
  if (!URL.canParse(href) || /^mailto:/i.test(href)) return readable(href);
  return new URL(href).host;
}

/** To load it would tell somebody else that this was read. */
const Image = ({ src, alt = "" }: { src: string | Blob | undefined; alt: string | undefined }) => (
  <span className="image-text">
    [image{alt === "" ? "" : `: ${alt}`}
    {typeof src === "string" && src !== "" && <span className="link-target"> {readable(src)}</span>}]
  </span>
);

function CodeBlock({ children }: ComponentProps<"pre">) {
  const { text, language } = codeOf(children);
  return (
    <div className="code-block">
      <div className="code-head">
        <span>{language}</span>
        <CopyButton text={text} label="Copy the code" />
      </div>
      <pre tabIndex={0} role="group" aria-label={language === "" ? "Code" : `Code, ${language}`}>
        <code>{text}</code>
      </pre>
    </div>
  );
}

function codeOf(children: ComponentProps<"pre">["children"]): { text: string; language: string } {
  if (typeof children !== "object" || children === null || !("props" in children)) {
    return { text: typeof children === "string" ? children : "", language: "" };
  }
  const { children: text, className = "" } = children.props as ComponentProps<"code">;
  const language = /language-([\w+#.-]{1,24})/.exec(className)?.[1] ?? "";
  return { text: typeof text === "string" ? text.replace(/\n$/, "") : "", language };
}
