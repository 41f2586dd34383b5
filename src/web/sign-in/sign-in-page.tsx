import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import { RecordError } from "../parts/record-api.ts";
import { SIGN_IN_KEY, type SignIn } from "./use-sign-in.ts";
import { serverPath } from "../parts/base-path.ts";

interface Props {
  required: boolean;
  isSignedIn: boolean;
  onSignedIn: () => void;
}

/** Asks for the server's token, which becomes a cookie that no script can read. */
export function SignInPage({ required, isSignedIn, onSignedIn }: Props) {
  const queries = useQueryClient();
  const [token, setToken] = useState("");
  const signIn = useMutation({
    mutationFn: () => sendToken(token.trim()),
    onSuccess: (answer) => {
      queries.setQueryData(SIGN_IN_KEY, answer);
      onSignedIn();
    },
  });
  useEffect(() => {
    document.title = "Sign in · AgentLoop";
  }, []);
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    if (token.trim() !== "") signIn.mutate();
  };
  return (
    <main className="sign-in">
      <form onSubmit={onSubmit}>
        <h1>Sign in to AgentLoop</h1>
        {isSignedIn ? (
          <>
            <p>{required ? "This browser is signed in." : "This server asks for no token."}</p>
            <button type="button" className="button button-main" onClick={onSignedIn}>
              Go on
            </button>
          </>
        ) : (
          <>
            <p>
              With the server's token: the value of <code>AUTH_TOKEN</code> in its settings.
            </p>
            <label htmlFor="token">Token</label>
            <input
              id="token"
              className="field"
              type="password"
              autoComplete="current-password"
              autoFocus
              value={token}
              aria-describedby="token-problem"
              onChange={(event) => setToken(event.target.value)}
            />
            <p id="token-problem" className="problem" role="alert">
              {signIn.error === null ? "" : problemOf(signIn.error)}
            </p>
            <button type="submit" className="button button-main" disabled={signIn.isPending}>
              Sign in
            </button>
          </>
        )}
      </form>
    </main>
  );
}

/** Throws RecordError. */
async function sendToken(token: string): Promise<SignIn> {
  const response = await fetch(serverPath("/ui/session"), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ token }),
  });
  if (!response.ok) throw new RecordError(response.status, "", await response.text());
  return (await response.json()) as SignIn;
}

function problemOf(error: Error): string {
  if (!(error instanceof RecordError)) return "The server cannot be reached.";
  if (error.status === 401) return "This is not the server's token.";
  if (error.status === 429) return "Too many wrong tokens: try again in a minute.";
  return `The server answered ${error.status}.`;
}
