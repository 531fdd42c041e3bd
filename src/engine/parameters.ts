import { violationOf } from '../domain/parameters.ts';
import type { LoopSettings } from '../domain/settings.ts';
import { own, type Value } from '../domain/value.ts';
import type { LedgerView } from '../ledger/view.ts';
import { dropOwnValues } from './cohorts.ts';
import { decision, type EngineDecision } from './decision/decision.ts';

/** Whether a config has a parameter: the config declares it, or a rule targets it, such as one that adds it. */
export function hasParameter({ parameters, rules }: LoopSettings, name: string): boolean {
  return Object.hasOwn(parameters, name) || rules.some(({ target }) => target === name);
}

/** Fields of a delta that a config brings about. A delta without a type is sent to every stream. */
const BY_CONFIG = { ruleId: '', type: undefined } as const;

/**
 * Sets the initial values of parameters that are new to the ledger, or are declared again. Streams were sent a
 * REMOVE delta when a parameter left the config, so they are sent an ADD delta when it returns.
 */
export function declareParameters(): EngineDecision<void> {
  return decision(({ view: { head }, environment: { settings }, changes }) => {
    const missing: Record<string, Value> = {};
    for (const [name, { initial }] of Object.entries(settings.parameters)) {
      const isKnown = Object.hasOwn(head.parameters, name) || Object.hasOwn(head.declared, name);
      if (!isKnown) missing[name] = initial;
    }
    if (Object.keys(missing).length === 0) return;
    const timeMs = changes.nowMs;
    changes.events.push({ kind: 'parameters_declared', timeMs, parameters: missing });
    for (const [target, newValue] of Object.entries(missing)) {
      if (own(head.targets, target)?.sequence === undefined) continue;
      const reasoning = 'The config declares it: it has its initial value';
      const change = { ...BY_CONFIG, operation: 'add', target, newValue, reasoning } as const;
      changes.apply(changes.proposeSetting(change));
    }
  });
}

/**
 * Removes parameters that the config no longer has, each by a delta that is sent to streams, and ends their trials and
 * proposals. A parameter that is declared again gets its initial value. To be called after `reviewTrials`.
 */
export function retireParameters(): EngineDecision<void> {
  return decision((context) => {
    const { view, changes, trials } = context;
    const { settings } = context.environment;
    const isGone = (name: string) => !hasParameter(settings, name);
    for (const { deltaId, target } of view.pending()) {
      if (isGone(target)) changes.expire(deltaId, `Expired: the config has no ${target} any more`);
    }
    const { parameters, declared } = view.head;
    const names = Object.keys({ ...parameters, ...declared }).filter(isGone);
    for (const target of names) {
      const reason = `the config has no ${target} any more`;
      dropOwnValues(context, (one) => one.target === target, reason);
      trials.stopOn({ target }, reason);
      if (changes.valueOf({ target }) === undefined) continue;
      const reasoning = 'The config has it no more';
      const change = { ...BY_CONFIG, operation: 'remove', target, newValue: undefined } as const;
      // An operator's hold ends with the value that it held.
      changes.apply(changes.proposeSetting({ ...change, reasoning }), { holdUntilMs: 0 });
    }
    if (names.length === 0) return;
    changes.events.push({ kind: 'parameters_retired', timeMs: changes.nowMs, names });
  });
}

/** Live values that the config does not allow, in words. They are kept. */
export function valuesOutOfBounds({ head }: LedgerView, settings: LoopSettings): string[] {
  return Object.entries(settings.parameters).flatMap(([name, spec]) => {
    const violation = violationOf(spec, own(head.parameters, name));
    return violation === undefined ? [] : [`${name}: ${violation}`];
  });
}
