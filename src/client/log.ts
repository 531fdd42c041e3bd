import { type CallFailure, describeFailure } from './failure.ts';

/** A client's log: a line for each outage of a topic, another where its code changes. */
export class OutageLog {
  readonly #write: (line: string) => void;
  /** The codes of outages that go on, by topic. */
  readonly #codes = new Map<string, string>();

  // biome-ignore lint/suspicious/noConsole: the default log of a library that has no logger
  constructor(write: (line: string) => void = console.warn) {
    this.#write = write;
  }

  write(what: string, failure?: CallFailure): void {
    const line = failure === undefined ? what : `${what}: ${describeFailure(failure)}`;
    this.#write(`learning-sidecar: ${line}`.replaceAll(/\s*\n\s*/g, ' '));
  }

  /** Logs a failure, unless the topic's outage has been logged with its code. */
  outage(topic: string, what: string, failure?: CallFailure): void {
    const code = failure?.code ?? '';
    if (this.#codes.get(topic) !== code) this.write(what, failure);
    this.#codes.set(topic, code);
  }

  /** The topic's outage is over, if there was one. */
  over(topic: string): void {
    this.#codes.delete(topic);
  }
}
