/** Work that lets others have their turn at each `yield`. */
export type Sliced<R> = Generator<void, R, void>;

/** After so long, others have their turn. A step of the work takes as long as it takes. */
const SLICE_MS = 2;

/** Runs work without a pause. */
export function runAtOnce<R>(work: Sliced<R>): R {
  let step = work.next();
  while (!step.done) step = work.next();
  return step.value;
}

/**
 * Runs work a slice at a time. Work that is done within the first slice is done when this returns.
 *
 * @param monotonic milliseconds since some moment
 * @param defer runs a function after others have had their turn
 */
export function runInSlices<R>(
  work: Sliced<R>,
  monotonic: () => number,
  defer: (run: () => void) => void,
): R | Promise<R> {
  const first = runSlice(work, monotonic);
  if (first.done) return first.value;
  return new Promise((resolve, reject) => {
    const goOn = () => {
      try {
        const step = runSlice(work, monotonic);
        if (step.done) resolve(step.value);
        else defer(goOn);
      } catch (error) {
        reject(error);
      }
    };
    defer(goOn);
  });
}

function runSlice<R>(work: Sliced<R>, monotonic: () => number): IteratorResult<void, R> {
  const endMs = monotonic() + SLICE_MS;
  let step = work.next();
  while (!step.done && monotonic() < endMs) step = work.next();
  return step;
}
