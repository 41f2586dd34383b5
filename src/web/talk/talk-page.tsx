import { useEffect, useRef, useState } from "react";
import { ApprovalDock, questionOf } from "../approve/approval-dock.tsx";
import { useCallBack } from "../approve/notify.tsx";
import { isTyping } from "../parts/typing.ts";
import { useTellLink } from "../shell/link-state.tsx";
import { Announcer } from "./announcer.tsx";
import { Composer } from "./composer.tsx";
import { ConnectionNotice } from "./connection-notice.tsx";
import { ContextMeter } from "./context-meter.tsx";
import type { Conversation } from "./conversation.ts";
import { useDraft } from "./draft.ts";
import type { WaitingInput } from "./entries.ts";
import { Log } from "./log.tsx";
import { ModelPicker } from "./model-picker.tsx";
import { useTalk } from "./use-talk.ts";
import { Welcome } from "./welcome.tsx";

/** Who has typed within this time goes on typing. */
const TYPING_PAUSE_MS = 1500;

/** A conversation with the agent: what was said, what is asked, and where one writes. */
export function TalkPage({ sessionId }: { sessionId: string | undefined }) {
  const { store, talk } = useTalk(sessionId);
  const { conversation, link } = talk;
  const { approval, isRunning, model, session } = conversation;
  const [text, setText] = useDraft(sessionId, session?.session_id);
  const [chosen, setChosen] = useState<string>();
  const field = useRef<HTMLTextAreaElement>(null);
  const typedAt = useRef(-Infinity);
  useTellLink(link);
  useTitle(conversation);
  useCallBack(approval?.requestId, approval ? questionOf(approval) : "");
  useSlash(field);
  useFocusAtFirst(field, sessionId === undefined);
  useBackToField(field, approval?.requestId);
  // The server has changed over, or the chosen one is in use.
  useEffect(() => setChosen(undefined), [model]);

  const send = () => {
    if (text.trim() === "") return;
    store.say(text.trim(), chosen);
    setText("");
  };
  /** The field has the focus, and nobody has begun to write in it. */
  const hasPaused = () =>
    document.activeElement === field.current &&
    text === "" &&
    performance.now() - typedAt.current > TYPING_PAUSE_MS;
  const takeBack = (input: WaitingInput) => {
    store.drop(input.id);
    setText(text === "" ? input.text : `${input.text}\n${text}`);
    field.current?.focus();
  };

  return (
    <div className="talk">
      {link.state !== "none" && <h1 className="unseen">Talk with the agent</h1>}
      <Log
        key={session?.session_id ?? "new"}
        conversation={conversation}
        empty={
          link.state === "none" && <Welcome onIdea={(idea) => (setText(idea), field.current?.focus())} />
        }
        onTakeBack={takeBack}
      />
      <div className="talk-foot">
        <ConnectionNotice link={link} onAgain={() => store.again()} />
        {approval !== undefined && (
          <ApprovalDock
            key={approval.requestId}
            approval={approval}
            place={placeOf(conversation)}
            sandbox={session?.sandbox ?? ""}
            mayTakeFocus={() => !isTyping(document.activeElement) || hasPaused()}
            onAnswer={(review, extra) => store.answer(approval.requestId, review, extra)}
          />
        )}
        <Composer
          field={field}
          text={text}
          isRunning={isRunning}
          onText={(written) => {
            typedAt.current = performance.now();
            setText(written);
          }}
          onSend={send}
          onStop={() => store.stop()}
        >
          <ModelPicker model={model} chosen={chosen} onChoose={setChosen} />
          <ContextMeter conversation={conversation} store={store} />
        </Composer>
      </div>
      <Announcer conversation={conversation} />
    </div>
  );
}

/** Which of the calls that came together is asked for. */
function placeOf({ entries, approval }: Conversation): { index: number; count: number } {
  const calls = entries.filter((entry) => entry.kind === "call");
  const asked = calls.find(({ callId, state }) => callId === approval?.request.callId && state === "asked");
  const together = calls.filter(({ response }) => response === asked?.response);
  return { index: together.findIndex((call) => call === asked) + 1, count: together.length };
}

function useTitle({ name, entries }: Conversation): void {
  const first = entries.find((entry) => entry.kind === "user" && !entry.isInstruction);
  const words = name ?? (first?.kind === "user" ? first.text.split("\n")[0]?.slice(0, 60) : undefined);
  useEffect(() => {
    document.title = words === undefined || words === "" ? "AgentLoop" : `${words} · AgentLoop`;
  }, [words]);
}

/** In a new session one begins to write; on a phone the keyboard would hide the page. */
function useFocusAtFirst(field: React.RefObject<HTMLTextAreaElement | null>, isNew: boolean): void {
  useEffect(() => {
    if (isNew && matchMedia("(hover: hover)").matches) field.current?.focus();
  }, [field, isNew]);
}

/** `/` goes to the field, unless somebody types. */
function useSlash(field: React.RefObject<HTMLTextAreaElement | null>): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.repeat || event.isComposing || isTyping(event.target)) return;
      event.preventDefault();
      field.current?.focus();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [field]);
}

/** When a question is gone together with the focus, the focus goes where one writes. */
function useBackToField(
  field: React.RefObject<HTMLTextAreaElement | null>,
  requestId: string | undefined,
): void {
  useEffect(() => {
    if (requestId === undefined) return undefined;
    return () => {
      if (document.activeElement === document.body) field.current?.focus({ preventScroll: true });
    };
  }, [field, requestId]);
}
