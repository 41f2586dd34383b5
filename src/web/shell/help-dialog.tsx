import { type RefObject, useEffect } from "react";
import { isTyping } from "../parts/typing.ts";

const KEYS: readonly { place: string; keys: readonly (readonly [string, string])[] }[] = [
  {
    place: "Writing a message",
    keys: [
      ["Enter", "Send"],
      ["Shift Enter", "New line"],
      ["Esc", "Leave the field"],
    ],
  },
  {
    place: "Anywhere but in a field",
    keys: [
      ["/", "Write a message"],
      ["?", "This list"],
    ],
  },
  {
    place: "In a request for approval",
    keys: [
      ["Ctrl Enter", "Approve once"],
      ["Ctrl Shift Enter", "Always"],
      ["Alt E", "Explain"],
      ["Alt N", "Decline and go on"],
      ["Alt X", "Decline and stop"],
    ],
  },
];

/** All keys, in a dialog that `?` opens unless somebody types. */
export function HelpDialog({ dialog }: { dialog: RefObject<HTMLDialogElement | null> }) {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "?" || event.repeat || event.isComposing || isTyping(event.target)) return;
      if (dialog.current?.open === false) dialog.current.showModal();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [dialog]);
  return (
    <dialog ref={dialog} className="dialog help" aria-labelledby="help-title">
      <h2 id="help-title">Keys</h2>
      {KEYS.map(({ place, keys }) => (
        <section key={place}>
          <h3>{place}</h3>
          <dl>
            {keys.map(([combination, does]) => (
              <div key={combination}>
                <dt>
                  {combination.split(" ").map((key) => (
                    <kbd key={key}>{key}</kbd>
                  ))}
                </dt>
                <dd>{does}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
      <form method="dialog">
        <button type="submit" className="button">
          Close
        </button>
      </form>
    </dialog>
  );
}
