import { bornApplied } from '../domain/delta.ts';
import { violationOf } from '../domain/parameters.ts';
import type { LoopSettings } from '../domain/settings.ts';
import { own, type Value } from '../domain/value.ts';
import type { Decision } from '../ledger/ledger.ts';
import type { LedgerView } from '../ledger/view.ts';
import { Changes } from './changes.ts';
import type { Environment } from './environment.ts';
import { TrialChanges } from './trial-changes.ts';

/** Whether a config has a parameter: it declares it, or a rule targets it, as those do that add one. */
export function hasParameter({ parameters, rules }: LoopSettings, name: string): boolean {
  return Object.hasOwn(parameters, name) || rules.some(({ target }) => target === name);
}

/**
 * Sets the initial values of parameters that are new to the ledger, or are declared again. Streams were sent a
 * REMOVE delta when a parameter left the config, so they are sent an ADD delta when it returns.
 */
export function declareParameters({
  settings,
  nowMs,
  newId,
}: Pick<Environment, 'settings' | 'nowMs' | 'newId'>): Decision<void> {
  return (view) => {
    const { head } = view;
    const changes = new Changes(view, nowMs);
    const missing: Record<string, Value> = {};
    for (const [name, { initial }] of Object.entries(settings.parameters)) {
      const isKnown = Object.hasOwn(head.parameters, name) || Object.hasOwn(head.declared, name);
      if (!isKnown) missing[name] = initial;
    }
    if (Object.keys(missing).length === 0) return { events: [], result: () => {} };
    changes.events.push({ kind: 'parameters_declared', timeMs: nowMs, parameters: missing });
    for (const [target, newValue] of Object.entries(missing)) {
      if (own(head.targets, target)?.sequence === undefined) continue;
      const change = { operation: 'add', target, oldValue: undefined, newValue } as const;
      const reasoning = 'The config declares it: it has its initial value';
      changes.apply(changes.propose({ ...byConfig(changes, newId(), reasoning), ...change }));
    }
    return { events: changes.events, result: () => {} };
  };
}

/**
 * Takes away what the config has no more, each by a delta that streams are told; ends the trials and the
 * proposals of it. Declared again, it has its initial value. To be called after `reviewTrial`.
 */
export function retireParameters(environment: Environment): Decision<void> {
  const { settings, nowMs, newId } = environment;
  return (view) => {
    const { head } = view;
    const changes = new Changes(view, nowMs);
    const trials = new TrialChanges(changes, view, environment);
    const isGone = (name: string) => !hasParameter(settings, name);
    for (const { deltaId, target } of view.pending()) {
      if (isGone(target)) changes.expire(deltaId, `Expired: the config has no ${target} any more`);
    }
    const known = new Set([...Object.keys(head.parameters), ...Object.keys(head.declared)]);
    const names = [...known].filter(isGone);
    for (const target of names) {
      trials.stopOn(target, `the config has no ${target} any more`);
      const oldValue = changes.valueOf(target);
      if (oldValue === undefined) continue;
      const change = { operation: 'remove', target, oldValue, newValue: undefined } as const;
      const reasoning = 'The config has it no more';
      const delta = changes.propose({ ...byConfig(changes, newId(), reasoning), ...change });
      // An operator's hold was on the value.
      changes.apply(delta, { holdUntilMs: 0 });
    }
    if (names.length > 0) changes.events.push({ kind: 'parameters_retired', timeMs: nowMs, names });
    return { events: changes.events, result: () => {} };
  };
}

/** What deltas that a config brings about have in common. Without a type, they concern every stream. */
function byConfig(changes: Changes, deltaId: string, reasoning: string) {
  return { deltaId, ruleId: '', type: undefined, reasoning, ...bornApplied(changes.wallMs) };
}

/** Live values that the config does not allow, in words. They are kept. */
export function valuesOutOfBounds({ head }: LedgerView, settings: LoopSettings): string[] {
  return Object.entries(settings.parameters).flatMap(([name, spec]) => {
    const value = own(head.parameters, name);
    const violation = value === undefined ? undefined : violationOf(spec, value);
    return violation === undefined ? [] : [`${name}: ${violation}`];
  });
}
