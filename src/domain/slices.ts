/** Work that can be interrupted at each `yield`. */
export type Sliced<R> = Generator<void, R, void>;

/** Milliseconds of work until other work gets its turn; a single step of the work may take longer. */
const SLICE_MS = 2;

/** Runs work without a pause. */
export function runAtOnce<R>(work: Sliced<R>): R {
  let step = work.next();
  while (!step.done) step = work.next();
  return step.value;
}

/**
 * Runs work in slices. If the work ends within the first slice, its result is returned at once.
 *
 * @param monotonic time in milliseconds
 * @param defer runs a function after other pending work
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
