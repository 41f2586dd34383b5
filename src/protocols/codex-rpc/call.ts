import type { z } from "zod";
import type { ClientInfo, Sessions } from "../../contract/session.ts";
import type { RpcError } from "./frame.ts";
import type { Followers } from "./followers.ts";
import type { Hall } from "./hall.ts";
import type { Notification } from "./notification.ts";
import { readParams } from "./params.ts";

/** What a method may do for the client that calls it. */
export interface Call {
  readonly sessions: Sessions;
  readonly hall: Hall;
  readonly info: ClientInfo;
  readonly followers: Followers;
  /** What the client sent, on one line, for the log. */
  readonly json: string;
  readonly notify: (notification: Notification) => void;
  /** For an answer that comes in its place among what is told; `run` then returns undefined. */
  readonly reply: (result: object) => void;
  readonly refuse: (error: RpcError) => void;
}

/** `after` runs when the result has been sent. */
export interface Outcome {
  result: object;
  after?: () => void | Promise<void>;
}

type Run<Params> = (params: Params, call: Call) => Promise<Outcome | undefined> | Outcome | undefined;

/** A method: its parameters are read before anything else is looked at. Throws RpcError. */
export type Method = (params: unknown) => (call: Call) => ReturnType<Run<never>>;

export const method =
  <Schema extends z.ZodType>(schema: Schema, run: Run<z.output<Schema>>): Method =>
  (params) => {
    const read = readParams(schema, params);
    return (call) => run(read, call);
  };
