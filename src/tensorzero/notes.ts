import type { ConfigPath } from '../config/fault.ts';
import type { Candidates } from './candidates.ts';
import { adaptiveOf, type Gateway, type GatewayFunction } from './read.ts';

/** Something that is not carried over, or not as it was. */
export interface Note {
  /** Where it is in the gateway's file. */
  readonly path: ConfigPath;
  /** Why, and what to do instead; one line. */
  readonly text: string;
}

const KEPT = "kept in the gateway's file";

/** What the sidecar does in place of the fields of an adaptive experiment. */
const INSTEAD: Readonly<Record<string, string>> = {
  algorithm: 'a champion is raced against one challenger at a time, task by task, and never stops',
  delta:
    'a change is tried at odds of 20 to 1 and confirmed at 200 to 1, however often one looks; no key says otherwise',
  epsilon: 'a gain below 3 % of the total is not put in force',
  min_prob: 'what lost a race gets no task until the next round of races',
  min_samples_per_variant: 'a total is judged from 60 tasks on',
  max_samples_per_variant: 'a race takes 200 tasks at most',
  update_period_s: 'arms are assigned task by task; there is no period',
};

/** What of a function's experiment is not carried over. */
export function experimentNotes(name: string, fn: GatewayFunction, candidates: Candidates): Note[] {
  const at = ['functions', name];
  return [
    ...candidateNotes(at, candidates),
    ...(candidates.names.length < 2
      ? [{ path: at, text: `no parameter: ${describeChoice(candidates)}` }]
      : sharesNotes(at, fn, candidates)),
    ...fieldNotes(at, fn.experimentation),
    ...keptNotes(at, fn),
  ];
}

function describeChoice({ names }: Candidates): string {
  return names.length === 0 ? 'it has no candidates' : `${names[0]} is its only candidate`;
}

function candidateNotes(at: ConfigPath, { fallbacks, unused }: Candidates): Note[] {
  const of = (name: string) => [...at, 'variants', name];
  return [
    ...fallbacks.map((name) => ({
      path: of(name),
      text: 'a fallback, and so no candidate: a call that names its variant has none in the gateway, so call again with this one',
    })),
    ...unused.map((name) => ({
      path: of(name),
      text: 'no candidate: no task begins with it (weight 0, or left out of the experiment)',
    })),
  ];
}

/** A split by fixed shares has no counterpart: the value in force is for all tasks. */
function sharesNotes(
  at: ConfigPath,
  fn: GatewayFunction,
  { names, initial, shares }: Candidates,
): Note[] {
  if (adaptiveOf(fn) !== undefined) return [];
  const split = names
    .map((one) => `${one} ${Math.round(100 * (shares?.get(one) ?? 1 / names.length))} %`)
    .join(', ');
  const path = fn.experimentation === undefined ? [...at, 'variants'] : [...at, 'experimentation'];
  const text = `the split (${split}) is not kept up: all tasks get ${initial} until its search, commented out in the file, is switched on`;
  return [{ path, text }];
}

function fieldNotes(at: ConfigPath, experimentation: GatewayFunction['experimentation']): Note[] {
  if (experimentation === undefined) return [];
  const path = [...at, 'experimentation'];
  const notes = Object.keys(experimentation).flatMap((field) => {
    const instead = INSTEAD[field];
    return instead === undefined ? [] : [{ path: [...path, field], text: instead }];
  });
  const { namespaces } = experimentation;
  for (const namespace of Object.keys(Object(namespaces))) {
    notes.push({
      path: [...path, 'namespaces', namespace],
      text: 'an experiment of one namespace: report the namespace as a label, and see trial.cohorts for values of their own',
    });
  }
  return notes;
}

function keptNotes(at: ConfigPath, fn: GatewayFunction): Note[] {
  const own = Object.keys(fn).filter((key) => key !== 'variants' && key !== 'experimentation');
  const notes = own.map((key) => ({ path: [...at, key], text: KEPT }));
  for (const [name, variant] of Object.entries(fn.variants)) {
    const keys = Object.keys(variant).filter((key) => key !== 'weight');
    if (keys.length > 0) {
      notes.push({ path: [...at, 'variants', name], text: `${keys.join(', ')}: ${KEPT}` });
    }
  }
  return notes;
}

/** What else is in the file. */
export function gatewayNotes(gateway: Gateway): Note[] {
  const sections = Object.keys(gateway).filter((key) => key !== 'functions' && key !== 'metrics');
  return sections.map((section) => ({ path: [section], text: KEPT }));
}
