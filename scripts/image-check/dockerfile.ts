import {
  type Copy,
  DockerfileParser,
  type From,
  type Instruction,
  type JSONInstruction,
  type ModifiableInstruction,
  type PropertyInstruction,
} from 'dockerfile-ast';

/** One instruction, as far as they are known here. */
export type Step =
  | { readonly does: 'workdir'; readonly path: string }
  | {
      readonly does: 'copy';
      /** The name of a stage; `undefined`: out of the build context. */
      readonly from: string | undefined;
      readonly sources: readonly string[];
      readonly target: string;
    }
  | { readonly does: 'run'; readonly command: string }
  | { readonly does: 'env' | 'label'; readonly pairs: Readonly<Record<string, string>> }
  | { readonly does: 'user'; readonly user: string }
  | { readonly does: 'volume' | 'expose'; readonly names: readonly string[] }
  | { readonly does: 'healthcheck' | 'entrypoint' | 'cmd'; readonly command: readonly string[] }
  | { readonly does: 'stopsignal'; readonly signal: string };

/** What a Dockerfile builds from one FROM to the next. */
export interface Stage {
  readonly image: string;
  readonly name: string | undefined;
  readonly steps: readonly WrittenStep[];
}

export interface WrittenStep {
  /** As it is written. */
  readonly text: string;
  readonly step: Step;
}

/**
 * Reads a Dockerfile. Throws for all that is not known here, so that what is checked is what Docker
 * would build.
 */
export function readDockerfile(text: string): Stage[] {
  const stages: { image: string; name: string | undefined; steps: WrittenStep[] }[] = [];
  for (const instruction of DockerfileParser.parse(text).getInstructions()) {
    const written = textOf(instruction);
    try {
      if (instruction.getKeyword() === 'FROM') {
        stages.push({ ...readFrom(instruction as From), steps: [] });
        continue;
      }
      const stage = stages.at(-1);
      if (stage === undefined) throw new Error('expected FROM first');
      stage.steps.push({ text: written, step: readStep(instruction) });
    } catch (error) {
      const line = instruction.getInstructionRange().start.line + 1;
      throw new Error(`Dockerfile:${line}: ${written}`, { cause: error });
    }
  }
  return stages;
}

/** As it is written, on one line. */
function textOf(instruction: Instruction): string {
  // The parser makes an object of a class with flags for each keyword that may have them.
  const flags = 'getFlags' in instruction ? (instruction as ModifiableInstruction).getFlags() : [];
  const words = [...flags.map(String), instruction.getArgumentsContent() ?? ''];
  return [instruction.getKeyword(), ...words].join(' ').replace(/\s+/g, ' ');
}

function readFrom(from: From): { image: string; name: string | undefined } {
  refuseFlags(from, []);
  const image = literal(from.getImage() ?? '');
  return { image, name: from.getBuildStage() ?? undefined };
}

// The parser makes an object of the class that belongs to the keyword: the casts below rest on that.
function readStep(instruction: Instruction): Step {
  switch (instruction.getKeyword()) {
    case 'WORKDIR':
      return { does: 'workdir', path: only(words(instruction)) };
    case 'COPY':
      return readCopy(instruction as Copy);
    case 'RUN':
      return readRun(instruction as JSONInstruction);
    case 'ENV':
      return { does: 'env', pairs: readPairs(instruction as PropertyInstruction) };
    case 'LABEL':
      return { does: 'label', pairs: readPairs(instruction as PropertyInstruction) };
    case 'USER':
      return { does: 'user', user: only(words(instruction)) };
    case 'VOLUME':
      return { does: 'volume', names: words(instruction) };
    case 'EXPOSE':
      return { does: 'expose', names: words(instruction) };
    case 'HEALTHCHECK':
      return readHealthcheck(instruction as ModifiableInstruction);
    case 'ENTRYPOINT':
      return { does: 'entrypoint', command: execForm(instruction.getArgumentsContent()) };
    case 'CMD':
      return { does: 'cmd', command: execForm(instruction.getArgumentsContent()) };
    case 'STOPSIGNAL':
      return { does: 'stopsignal', signal: only(words(instruction)) };
    default:
      throw new Error('this instruction is not known to the check');
  }
}

function readCopy(copy: Copy): Step {
  const flags = refuseFlags(copy, ['from']);
  const paths = words(copy);
  const target = paths.at(-1);
  if (target === undefined || paths.length < 2) throw new Error('expected sources and a target');
  if (paths.some((path) => /[*?[\]<]/.test(path))) {
    throw new Error('patterns, lists and here-documents are not known to the check');
  }
  return { does: 'copy', from: flags.from, sources: paths.slice(0, -1), target };
}

function readRun(run: JSONInstruction): Step {
  refuseFlags(run, []);
  const command = run.getArgumentsContent() ?? '';
  if (/^\[|<</.test(command)) throw new Error('expected a command of the shell, on its lines');
  return { does: 'run', command };
}

function readHealthcheck(healthcheck: ModifiableInstruction): Step {
  refuseFlags(healthcheck, ['interval', 'timeout', 'start-period', 'retries']);
  const text = healthcheck.getArgumentsContent() ?? '';
  const command = /\bCMD\s+(?<command>\[.*\])$/.exec(text)?.groups?.command;
  return { does: 'healthcheck', command: execForm(command ?? text) };
}

/** A command without a shell, whose process gets the signals itself. */
function execForm(text: string | null): string[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text ?? '');
  } catch (error) {
    throw new Error('expected a list of JSON strings', { cause: error });
  }
  const words = Array.isArray(parsed) ? parsed.map(String) : [];
  if (words.length === 0) throw new Error('expected a list of JSON strings');
  return words;
}

function readPairs(instruction: PropertyInstruction): Record<string, string> {
  return Object.fromEntries(
    instruction
      .getProperties()
      .map((property) => [property.getName(), literal(property.getValue() ?? '')]),
  );
}

/** The flags of an instruction, each of which must be one of those. */
function refuseFlags(
  instruction: ModifiableInstruction,
  known: readonly string[],
): Record<string, string> {
  const flags = instruction.getFlags().map((flag) => [flag.getName(), flag.getValue() ?? '']);
  const strange = flags.find(([name = '']) => !known.includes(name));
  if (strange !== undefined) throw new Error(`--${strange[0]} is not known to the check`);
  return Object.fromEntries(flags);
}

function words(instruction: Instruction): string[] {
  return instruction.getArguments().map((argument) => literal(argument.getValue()));
}

function only([word, ...more]: readonly string[]): string {
  if (word === undefined || more.length > 0) throw new Error('expected one word');
  return word;
}

function literal(text: string): string {
  if (text.includes('$')) throw new Error('variables are not known to the check');
  return text;
}
