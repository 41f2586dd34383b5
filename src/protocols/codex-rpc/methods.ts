import type { Method } from "./call.ts";
import { listItems, listLoaded, listThreads, listTurns, readThread } from "./read-methods.ts";
import {
  listModels,
  listNone,
  listNoPlugins,
  readAccount,
  readConfig,
  readRequirements,
} from "./setup-methods.ts";
import {
  archiveThread,
  forkThread,
  nameThread,
  resumeThread,
  startThread,
  unarchiveThread,
  unsubscribe,
} from "./thread-methods.ts";
import { interruptTurn, startTurn, steerTurn } from "./turn-methods.ts";

/** The connection's own method: everything else waits for it. */
export const INITIALIZE = "initialize";

/** What a client may ask. */
export const METHODS: Readonly<Record<string, Method>> = {
  "thread/start": startThread,
  "thread/resume": resumeThread,
  "thread/fork": forkThread,
  "thread/read": readThread,
  "thread/list": listThreads,
  "thread/turns/list": listTurns,
  "thread/items/list": listItems,
  "thread/loaded/list": listLoaded,
  "thread/name/set": nameThread,
  "thread/archive": archiveThread,
  "thread/unarchive": unarchiveThread,
  "thread/unsubscribe": unsubscribe,
  "turn/start": startTurn,
  "turn/steer": steerTurn,
  "turn/interrupt": interruptTurn,
  "model/list": listModels,
  "account/read": readAccount,
  "config/read": readConfig,
  "configRequirements/read": readRequirements,
  "skills/list": listNone,
  "hooks/list": listNone,
  "plugin/installed": listNoPlugins,
};
