import { COHORTS } from './cohorts.ts';
import { CONSTRAINTS } from './constraints.ts';
import { COSTS } from './costs.ts';
import { ERRORS } from './errors.ts';
import type { Section } from './experiment.ts';
import { FIELD } from './field.ts';
import { FIGHT } from './fight.ts';
import { FLIP } from './flip.ts';
import { GAINS } from './gains.ts';
import { GUARDS } from './guards.ts';
import { HOURS } from './hours.ts';
import { IN_FLIGHT } from './in-flight.ts';
import { LIFE } from './life.ts';
import { MATCHED } from './matched.ts';
import { PARALLEL } from './parallel.ts';
import { POLICY } from './policy.ts';
import { POWER } from './power.ts';
import { SEARCH } from './search/section.ts';
import { SHARED } from './shared.ts';
import { SPEED } from './speed.ts';
import { TAIL } from './tail.ts';
import { TRAP } from './trap.ts';
import { TROUBLE } from './trouble.ts';

/** In the order in which they are printed. */
export const SECTIONS: Readonly<Record<string, Section>> = {
  errors: ERRORS,
  speed: SPEED,
  hours: HOURS,
  shared: SHARED,
  power: POWER,
  matched: MATCHED,
  field: FIELD,
  'in-flight': IN_FLIGHT,
  guards: GUARDS,
  costs: COSTS,
  constraints: CONSTRAINTS,
  tail: TAIL,
  parallel: PARALLEL,
  policy: POLICY,
  flip: FLIP,
  life: LIFE,
  gains: GAINS,
  fight: FIGHT,
  trouble: TROUBLE,
  trap: TRAP,
  search: SEARCH,
  cohorts: COHORTS,
};

export function sectionOf(name: string): Section {
  const section = SECTIONS[name];
  if (section === undefined) {
    throw new Error(`there is no section ${name}: ${Object.keys(SECTIONS).join(', ')}`);
  }
  return section;
}
