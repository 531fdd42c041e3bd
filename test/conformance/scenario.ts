import type { World } from './world.ts';

/** What every client must do, whatever it is written in. */
export interface Scenario {
  readonly name: string;
  /** Answers a figure, if it has one. */
  run(world: World): Promise<string | undefined>;
}

/** One without a figure. */
export function scenario(name: string, run: (world: World) => Promise<void>): Scenario {
  return {
    name,
    async run(world) {
      await run(world);
      return undefined;
    },
  };
}
