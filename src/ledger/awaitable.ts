/** A result, or a promise of it. */
export type Awaitable<T> = T | Promise<T>;

/** Runs `run` and calls `done` or `failed`: at once if the result is there, otherwise when its promise settles. */
export function settle<T>(
  run: () => Awaitable<T>,
  failed: (error: unknown) => void,
  done: (result: T) => void = () => {},
): Awaitable<void> {
  let result: Awaitable<T>;
  try {
    result = run();
  } catch (error) {
    return failed(error);
  }
  return result instanceof Promise ? result.then(done, failed) : done(result);
}

/** As `then`, but at once if the value is there. */
export function whenKnown<T, R>(value: Awaitable<T>, go: (value: T) => Awaitable<R>): Awaitable<R> {
  return value instanceof Promise ? value.then(go) : go(value);
}
