/** A value of an attribute; lists, objects and bytes are never looked at. */
export type Scalar = string | number | boolean;

/** Attributes by key: those that conventions and the config name, no others. */
export type Attributes = Readonly<Record<string, Scalar>>;

export const SPAN_STATUSES = ['UNSET', 'OK', 'ERROR'] as const;
export const SPAN_KINDS = [
  'UNSPECIFIED',
  'INTERNAL',
  'SERVER',
  'CLIENT',
  'PRODUCER',
  'CONSUMER',
] as const;

/** What the expressions of `otlp` see of a span. */
export interface SpanContext {
  /** The task's id; empty if the span carries none. */
  readonly id: string;
  /** Name of the agent whose run the span is; empty if it is none. */
  readonly agent: string;
  readonly span: {
    readonly name: string;
    readonly kind: (typeof SPAN_KINDS)[number];
    readonly status: (typeof SPAN_STATUSES)[number];
    readonly attributes: Attributes;
  };
  readonly scope: { readonly name: string; readonly version: string };
  readonly resource: Attributes;
  /** Empty if it has none. */
  readonly errorType: string;
  readonly durationMs: number;
}

/** What the expressions of `otlp.metrics` see of a data point. */
export interface PointContext {
  readonly value: number;
  readonly attributes: Attributes;
  readonly resource: Attributes;
}

/** A number by an expression; `undefined` where the expression has none for this span or point. */
export type NumberOf<C> = (context: C) => number | undefined;

/** What coordination metrics are made of one instrument. */
export interface InstrumentMapping {
  readonly subAgentCount: NumberOf<PointContext> | undefined;
  readonly cpuPercent: NumberOf<PointContext> | undefined;
  readonly values: readonly (readonly [name: string, value: NumberOf<PointContext>])[];
}

/** How spans, logs and metrics are taken in. */
export interface OtlpSettings {
  readonly enabled: boolean;
  /** Attributes that hold a task's id, in order of precedence. */
  readonly id: readonly string[];
  /** Every attribute that this config names. */
  readonly attributes: ReadonlySet<string>;
  /** Attributes that become labels. */
  readonly labels: readonly string[];
  readonly isTask: (context: SpanContext) => boolean;
  /** One of the words of a task's status; empty: as conventions say. */
  readonly status: (context: SpanContext) => string;
  readonly measurements: readonly (readonly [name: string, value: NumberOf<SpanContext>])[];
  /** By instrument. */
  readonly metrics: ReadonlyMap<string, InstrumentMapping>;
  readonly maxRequestBytes: number;
}
