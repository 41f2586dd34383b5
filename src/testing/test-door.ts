import type { Connection, OpenProtocol } from "../contract/protocol.ts";
import { Mailbox } from "./mailbox.ts";

/** The server's side of one connection, as a test holds it. */
export interface Arrival {
  connection: Connection;
  /** Frames from the client. */
  received: Mailbox<string>;
  /** Beginnings of frames that were too long. */
  oversized: Mailbox<string>;
  /** Resolves when the protocol is told that its client is gone. */
  closed: Promise<void>;
  /** How often it was told. */
  closings: number;
}

/** A protocol that hands everything to the test. What is wrong with a frame it says in a word. */
export class TestDoor {
  readonly arrivals = new Mailbox<Arrival>();
  /** Runs while the connection is opened. */
  opening: (connection: Connection) => Promise<void> = () => Promise.resolve();
  /** Runs for every frame, before the test gets it. */
  receiving: (frame: string, connection: Connection) => void = () => undefined;
  /** Runs when a client sends no more. */
  finishing: () => void = () => undefined;

  readonly open: OpenProtocol = async (connection) => {
    await this.opening(connection);
    const { promise: closed, resolve: close } = Promise.withResolvers<void>();
    const arrival: Arrival = {
      connection,
      received: new Mailbox(),
      oversized: new Mailbox(),
      closed,
      closings: 0,
    };
    this.arrivals.put(arrival);
    return {
      headers: { "X-Session-Id": "0123456789abcdef0123456789abcdef" },
      protocol: {
        receive: (frame) => {
          this.receiving(frame, connection);
          arrival.received.put(frame);
        },
        oversized: (head) => {
          connection.send("too large");
          arrival.oversized.put(head);
        },
        limited: () => connection.send("too many"),
        finished: () => this.finishing(),
        closed: () => {
          arrival.closings += 1;
          close();
        },
      },
    };
  };
}
