import type { ObservedBefore } from './event.ts';

/** A delta put in force without a trial, whose effect is being observed. */
export interface Observation extends ObservedBefore {
  readonly deltaId: string;
}

/** A delta in force that no client has acknowledged yet, and must. */
export interface AwaitedAck {
  readonly deltaId: string;
  readonly sequence: number;
  /** Unix time in milliseconds. */
  readonly byMs: number;
}
