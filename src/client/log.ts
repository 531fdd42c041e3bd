import { type CallFailure, describeFailure } from './failure.ts';

/** A client's log: a line for each outage of a topic, and another when the error code of the outage changes. */
export class OutageLog {
  readonly #write: (line: string) => void;
  /** The error codes of the outages that go on, by topic. */
  readonly #codes = new Map<string, string>();

  // biome-ignore lint/suspicious/noConsole: the default log of a library that has no logger
  constructor(write: (line: string) => void = console.warn) {
    this.#write = write;
  }

  write(what: string, failure?: CallFailure): void {
    const line = failure === undefined ? what : `${what}: ${describeFailure(failure)}`;
    this.#write(`learning-sidecar: ${line}`.replaceAll(/\s*\n\s*/g, ' '));
  }

  /** Logs a failure, unless the topic's outage has been logged with the same code. */
  outage(topic: string, what: string, failure?: CallFailure): void {
    const code = failure?.code ?? '';
    if (this.#codes.get(topic) !== code) this.write(what, failure);
    this.#codes.set(topic, code);
  }

  /** Ends the topic's outage, if there was one. */
  over(topic: string): void {
    this.#codes.delete(topic);
  }
}
