import { expect, it } from "vitest";

/** What an attack is tried on, with its protection and without. */
export interface Sides<Target> {
  protected: () => Target | Promise<Target>;
  unprotected: () => Target | Promise<Target>;
}

/** Resolves with whether it succeeded. */
export type Attack<Target> = (target: Target) => Promise<boolean>;

/**
 * One test for each attack: it must fail where there is protection. That it succeeds where there is none shows that it
 * is an attack at all.
 */
export function attacks<Target>(sides: Sides<Target>, rows: Record<string, Attack<Target>>): void {
  for (const [sentence, attack] of Object.entries(rows)) {
    it(sentence, async () => {
      const succeeded = {
        unprotected: await attack(await sides.unprotected()),
        protected: await attack(await sides.protected()),
      };
      expect(succeeded).toEqual({ unprotected: true, protected: false });
    });
  }
}
