import type { ReactNode } from "react";
import { useLocation } from "wouter";
import { SignInPage } from "./sign-in-page.tsx";
import { useSignIn } from "./use-sign-in.ts";

/** Lets nobody pass whom the server would not answer: the page stays where it is, and goes on after the token is given. */
export function SignInGate({ children }: { children: ReactNode }) {
  const [path, navigate] = useLocation();
  const { data, error, refetch } = useSignIn();
  if (data === undefined) return error === null ? null : <Unreachable onRetry={() => void refetch()} />;
  if (data.signedIn && path !== "/sign-in") return children;
  const goOn = () => {
    if (path === "/sign-in") navigate("/", { replace: true });
  };
  return <SignInPage required={data.required} isSignedIn={data.signedIn} onSignedIn={goOn} />;
}

const Unreachable = ({ onRetry }: { onRetry: () => void }) => (
  <main className="empty" role="alert">
    <h1>The server cannot be reached</h1>
    <p>It may be stopped, or the way to it is blocked. What ran goes on without this page.</p>
    <button type="button" className="button button-main" onClick={onRetry}>
      Try again
    </button>
  </main>
);
