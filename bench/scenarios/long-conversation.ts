import { wordsOf } from "../harness/plan.ts";
import { inTurn, type Measured, medianOf, type Scenario, withClients } from "../harness/scenario.ts";

const STEPS = 20;
/** Of a conversation of 20 items and one of 2 000: a turn adds two, and those that are measured count half. */
const TURNS = { few: 0, many: 980 };

/** Whether a step grows dearer with the conversation, beside the bytes that the model must get. */
export const longConversation: Scenario = {
  name: "A long conversation",
  about:
    "Processor time of a turn of one delta. The sdk keeps and sends the same conversation, and does nothing else: what it takes longer with 2 000 items is taken for the model's own bytes.",
  async run(bench, { quick }) {
    const more = quick ? TURNS.many / 5 : TURNS.many;
    const names = ["sdk+log", "ours"] as const;
    const figures = await inTurn(bench, { names, count: quick ? 1 : 2 }, async (target) => {
      return await withClients(async (clients) => {
        await clients.open(target.origin, 1);
        const words = wordsOf({ deltas: 1 });
        const steps = async () =>
          (await target.costOf(() => clients.say(words, { turns: STEPS }))).cpu / STEPS;
        const few = await steps();
        await clients.say(words, { turns: more - STEPS });
        return { few: few / 1000, many: (await steps()) / 1000 };
      });
    });
    const [few, many] = [figures.get("few") ?? {}, figures.get("many") ?? {}];
    const own = medianOf(many, "sdk+log") - medianOf(few, "sdk+log");
    const met = medianOf(many, "ours") - own <= 2 * medianOf(few, "ours");
    const goal = { says: "at most 2 of the shorter one, and the model's own bytes", met };
    const rows: Measured[] = [
      { figure: "at 20 items", unit: "ms", samples: few },
      { figure: `at ${quick ? 400 : 2000} items`, unit: "ms", samples: many, goal },
    ];
    return rows;
  },
};
