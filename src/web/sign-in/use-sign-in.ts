import { useQuery } from "@tanstack/react-query";
import { askRecord } from "../parts/record-api.ts";

/** Whether the server has a token, and whether this browser may ask without it. */
export interface SignIn {
  required: boolean;
  signedIn: boolean;
}

export const SIGN_IN_KEY = ["sign-in"] as const;

export const useSignIn = () =>
  useQuery({
    queryKey: SIGN_IN_KEY,
    queryFn: ({ signal }) => askRecord<SignIn>("/ui/session", signal),
    staleTime: Infinity,
  });
