import { memo } from "react";
import { Link } from "wouter";
import { duration } from "../parts/format.ts";
import { ChevronIcon, WarningIcon } from "../parts/icons.tsx";
import { Markdown } from "../parts/markdown.tsx";
import { useNow } from "../parts/now.ts";
import { readable } from "../parts/visible.ts";
import { adviceFor } from "./advice.ts";
import { CallCard } from "./call-card.tsx";
import type { Entry, ErrorEntry, NoteEntry, RewoundEntry, TextEntry, UserEntry } from "./entries.ts";

/** One thing of the conversation. Drawn again only when it has changed. */
export const EntryView = memo(function EntryView({ entry, workspace }: { entry: Entry; workspace: string }) {
  switch (entry.kind) {
    case "user":
      return entry.isInstruction ? <Instruction entry={entry} /> : <UserMessage entry={entry} />;
    case "assistant":
      return <Answer entry={entry} />;
    case "reasoning":
      return <Reasoning entry={entry} />;
    case "explanation":
      return <Explanation entry={entry} />;
    case "call":
      return <CallCard call={entry} workspace={workspace} />;
    case "note":
      return <Note entry={entry} />;
    case "error":
      return <Problem entry={entry} />;
    case "rewound":
      return <Rewound entry={entry} workspace={workspace} />;
  }
});

function UserMessage({ entry: { text, images } }: { entry: UserEntry }) {
  return (
    <article className="user" aria-label="You">
      {text !== "" && <p dir="auto">{readable(text)}</p>}
      {images.map((image, index) =>
        image.startsWith("data:image/") ? (
          <img key={index} src={image} alt="Sent with the message" />
        ) : (
          <p key={index} className="image-text">
            [image: {readable(image)}]
          </p>
        ),
      )}
    </article>
  );
}

const Instruction = ({ entry: { text } }: { entry: UserEntry }) => (
  <Folded
    title={
      text.startsWith("Instructions from files") ? "Instructions of the workspace" : "A note for the model"
    }
  >
    <Markdown text={text} />
  </Folded>
);

const Answer = ({ entry: { text, state } }: { entry: TextEntry }) => (
  <article className={`answer answer-${state}`} aria-label="The agent">
    <Markdown text={text} />
    {state === "cut" && <p className="cut">It stopped here.</p>}
  </article>
);

const Reasoning = ({ entry: { text, state } }: { entry: TextEntry }) => (
  <Folded title={state === "streaming" ? "Thinking…" : "Thought"}>
    <Markdown text={text} />
  </Folded>
);

const Explanation = ({ entry: { text } }: { entry: TextEntry }) => (
  <article className="explanation" aria-label="The model's explanation">
    <p className="explanation-head">The model's explanation. Nobody has checked it.</p>
    <Markdown text={text} />
  </article>
);

const Folded = ({ title, children }: { title: string; children: React.ReactNode }) => (
  <details className="folded">
    <summary className="bare">
      <ChevronIcon /> {title}
    </summary>
    <div className="folded-body">{children}</div>
  </details>
);

function Note({ entry: { text, tone, sessionId, until } }: { entry: NoteEntry }) {
  return (
    <p className={`note note-${tone}`}>
      <span>{readable(text)}</span>
      {until !== undefined && <Countdown until={until} />}
      {sessionId !== undefined && (
        <>
          {" "}
          <Link href={`/sessions/${sessionId}`}>See it</Link>
        </>
      )}
    </p>
  );
}

function Countdown({ until }: { until: number }) {
  const left = until - useNow(250, until > Date.now());
  return left > 0 && <span> (in {duration(Math.ceil(left / 1000) * 1000)})</span>;
}

function Problem({ entry: { message, code } }: { entry: ErrorEntry }) {
  const advice = adviceFor(code);
  return (
    <div className="problem-card" role="alert">
      <WarningIcon />
      <div>
        <p className="problem-message">{readable(message)}</p>
        {advice !== undefined && <p className="problem-advice">{advice}</p>}
      </div>
    </div>
  );
}

const Rewound = ({ entry: { entries }, workspace }: { entry: RewoundEntry; workspace: string }) => (
  <Folded title={`The conversation went back; this is no part of it any more (${entries.length})`}>
    <div className="rewound">
      {entries.map((entry) => (
        <EntryView key={entry.key} entry={entry} workspace={workspace} />
      ))}
    </div>
  </Folded>
);
