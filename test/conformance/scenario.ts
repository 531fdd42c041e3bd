import type { World } from './world.ts';

/** What every client must do, whatever it is written in. */
export interface Scenario {
  readonly name: string;
  /** Answers a figure, if it has one. */
  run(world: World): Promise<string | undefined> | Promise<void>;
}

export function scenario(name: string, run: Scenario['run']): Scenario {
  return { name, run };
}
