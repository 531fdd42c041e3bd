import type { LedgerEvent } from './event.ts';

type EventKind = LedgerEvent['kind'];

type EventOf<K extends EventKind> = {
  [P in K]: Extract<LedgerEvent, { readonly kind: P }> & { readonly kind: P };
}[K];

/**
 * What one view of the ledger does with each kind of event. A new kind of event compiles only once every view says what
 * it does with that kind.
 */
export type Projection<A extends readonly unknown[], R = void> = {
  readonly [K in EventKind]: (event: EventOf<K>, ...rest: A) => R;
};

/** Applies a projection to an event. */
export function project<K extends EventKind, A extends readonly unknown[], R>(
  projection: Projection<A, R>,
  event: EventOf<K>,
  ...rest: A
): R {
  const fold: (event: EventOf<K>, ...rest: A) => R = projection[event.kind];
  return fold(event, ...rest);
}

/** For events that do not change a view. */
export function ignore(): void {}
