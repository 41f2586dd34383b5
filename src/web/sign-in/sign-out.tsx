import { useQueryClient } from "@tanstack/react-query";
import { changeRecord } from "../parts/record-api.ts";
import { useSignIn } from "./use-sign-in.ts";
import { serverPath } from "../parts/base-path.ts";

/** Where the server has a token: ends the cookie, and forgets what this page knows. */
export function SignOut() {
  const queries = useQueryClient();
  const { data } = useSignIn();
  if (data?.required !== true) return null;
  const signOut = async () => {
    await changeRecord("DELETE", "/ui/session");
    sessionStorage.clear();
    queries.clear();
    location.assign(serverPath("/ui/sign-in"));
  };
  return (
    <button type="button" className="head-button" onClick={() => void signOut()}>
      Sign out
    </button>
  );
}
