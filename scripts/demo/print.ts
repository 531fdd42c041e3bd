/** Where the text of a line of the story begins: after its time, its tasks and its headline. */
const INDENT = 38;
const USUAL_WIDTH = 110;
const MIN_WIDTH = 80;

const startMs = performance.now();

/** Seconds since the demo began. */
export function elapsedSeconds(): number {
  return (performance.now() - startMs) / 1000;
}

/** A line of the story: when, after how many tasks, what, and how so. */
export function tell(tasks: number, headline: string, text: string): void {
  const time = `${elapsedSeconds().toFixed(1).padStart(5)} s`;
  const count = `${tasks.toLocaleString('en-US').padStart(7)} tasks`;
  const [first = '', ...rest] = wrapped(text, widthOf(process.stdout) - INDENT);
  console.log(`${time} ${count}  ${headline.padEnd(14)} ${first}`);
  for (const line of rest) console.log(' '.repeat(INDENT) + line);
}

/** Lines of text under a heading, as wide as the terminal. */
export function explain(text: string): void {
  for (const line of wrapped(text, widthOf(process.stdout))) console.log(line);
}

/** Three significant digits. */
export function short(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en-US');
}

function widthOf({ columns = USUAL_WIDTH }: { readonly columns?: number }): number {
  return Math.max(Math.min(columns, USUAL_WIDTH), MIN_WIDTH);
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
