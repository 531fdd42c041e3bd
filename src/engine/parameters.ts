import { violationOf } from '../domain/parameters.ts';
import type { LoopSettings } from '../domain/settings.ts';
import { own, type Value } from '../domain/value.ts';
import type { Decision } from '../ledger/ledger.ts';
import type { LedgerView } from '../ledger/view.ts';

/** Sets the initial values of parameters that the ledger has never had. */
export function declareParameters(settings: LoopSettings, nowMs: number): Decision<void> {
  return ({ head }) => {
    const missing: Record<string, Value> = {};
    for (const [name, { initial }] of Object.entries(settings.parameters)) {
      const isKnown = Object.hasOwn(head.parameters, name) || Object.hasOwn(head.declared, name);
      if (!isKnown) missing[name] = initial;
    }
    const isNew = Object.keys(missing).length > 0;
    return {
      events: isNew ? [{ kind: 'parameters_declared', timeMs: nowMs, parameters: missing }] : [],
      result: () => {},
    };
  };
}

/** Live values that the config does not allow, in words. They are kept. */
export function valuesOutOfBounds({ head }: LedgerView, settings: LoopSettings): string[] {
  return Object.entries(settings.parameters).flatMap(([name, spec]) => {
    const value = own(head.parameters, name);
    const violation = value === undefined ? undefined : violationOf(spec, value);
    return violation === undefined ? [] : [`${name}: ${violation}`];
  });
}
