import type { SpanContext } from '../domain/otlp.ts';

/** What an OpenFeature hook tells of one evaluation of a flag. */
export interface Evaluation {
  /** The targeting key: the task's id. */
  readonly id: string;
  readonly parameter: string;
  /** Name of the value that was given; empty for the caller's default. */
  readonly variant: string;
  /** The evaluation failed, and the caller's default was used. */
  readonly isError: boolean;
  /** Sequence of the newest delta then; 0 if it is not told. */
  readonly sequence: number;
}

/** A span, as far as it is looked at. */
export interface Span
  extends Pick<SpanContext, 'scope' | 'resource' | 'errorType'>,
    Readonly<SpanContext['span']> {
  /** Trace id and span id in hexadecimal. */
  readonly key: string;
  /** The key of the span around it; empty if there is none. */
  readonly parentKey: string;
  /** Unix time in milliseconds; 0 if it is missing. */
  readonly startMs: number;
  readonly endMs: number;
  /** Those among its events. */
  readonly evaluations: readonly Evaluation[];
}

/** An evaluation in a log record. */
export interface LoggedEvaluation {
  /** Of the span that was current. */
  readonly spanKey: string;
  readonly evaluation: Evaluation;
}

/** The name of spans, events and log records that tell of an evaluation. */
export const EVALUATION = 'feature_flag.evaluation';

/** The key of a span; empty if one of its ids is not valid. */
export function keyOf(traceId: string, spanId: string): string {
  const isValid = traceId.length === 32 && spanId.length === 16 && !/^0+$/.test(spanId);
  return isValid ? `${traceId}-${spanId}` : '';
}
