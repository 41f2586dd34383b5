import { useEffect, useState } from "react";
import { BellIcon } from "../parts/icons.tsx";

/** Asks for leave to notify; only when a person wants it. */
export function NotifyButton() {
  const [permission, setPermission] = useState(permissionNow);
  if (permission !== "default") return null;
  const ask = async () => setPermission(await Notification.requestPermission());
  return (
    <button type="button" className="quiet" onClick={() => void ask()}>
      <BellIcon /> Notify me when I am elsewhere
    </button>
  );
}

/** A browser without notifications refuses them. */
const permissionNow = (): NotificationPermission =>
  "Notification" in globalThis ? Notification.permission : "denied";

/** While a question waits and the page is not seen: a mark in its title and, where that was allowed, a notification. */
export function useCallBack(requestId: string | undefined, question: string): void {
  useEffect(() => {
    if (requestId === undefined) return undefined;
    const title = document.title;
    let notification: Notification | undefined;
    const call = () => {
      document.title = document.hidden ? `● ${question} · ${title}` : title;
      if (!document.hidden || notification !== undefined || permissionNow() !== "granted") return;
      notification = notify(question, requestId);
      notification?.addEventListener("click", () => window.focus());
    };
    call();
    document.addEventListener("visibilitychange", call);
    return () => {
      document.removeEventListener("visibilitychange", call);
      document.title = title;
      notification?.close();
    };
  }, [requestId, question]);
}

/** Undefined where only service workers may: the mark in the title must do. */
function notify(question: string, tag: string): Notification | undefined {
  try {
    return new Notification("The agent waits for you", { body: question, tag });
  } catch {
    return undefined;
  }
}
