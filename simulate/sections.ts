import { ERRORS } from './errors.ts';
import type { Section } from './experiment.ts';
import { FIGHT } from './fight.ts';
import { FLIP } from './flip.ts';
import { POLICY } from './policy.ts';
import { POWER } from './power.ts';
import { SPEED } from './speed.ts';
import { TRAP } from './trap.ts';
import { TROUBLE } from './trouble.ts';

/** In the order in which they are printed. */
export const SECTIONS: Readonly<Record<string, Section>> = {
  errors: ERRORS,
  speed: SPEED,
  power: POWER,
  policy: POLICY,
  flip: FLIP,
  fight: FIGHT,
  trouble: TROUBLE,
  trap: TRAP,
};

export function sectionOf(name: string): Section {
  const section = SECTIONS[name];
  if (section === undefined) {
    throw new Error(`there is no section ${name}: ${Object.keys(SECTIONS).join(', ')}`);
  }
  return section;
}
