import { ConfigError, type ConfigPath, formatPath, show } from '../config/fault.ts';
import { readConfigFile } from '../config/load.ts';
import { parseYamlDocument } from '../config/parse-document.ts';
import { checkShape } from '../config/shape.ts';
import { suggest } from '../config/suggest.ts';
import { type OrchestratorText, orchestratorSchema } from './orchestrator-keys.ts';

interface CrossFault {
  readonly path: ConfigPath;
  readonly message: string;
}

/**
 * Reads the description of an orchestrator, in YAML or JSON. Throws a `ConfigError` with every fault.
 *
 * @param declared the names of the config's parameters
 */
export function loadOrchestrator(file: string, declared: readonly string[]): OrchestratorText {
  return parseOrchestrator(readConfigFile(file), file, declared);
}

/** `loadOrchestrator` for a text; `fileName` is only used in faults. */
export function parseOrchestrator(
  text: string,
  fileName: string,
  declared: readonly string[],
): OrchestratorText {
  const document = parseYamlDocument(text);
  const data = document.data ?? {};
  // The shape removes what is faulty, and the schema fills in defaults: each has a copy.
  const { faults, unknownKeys } = checkShape(orchestratorSchema, document, structuredClone(data));
  const shaped = [...document.faults, ...faults, ...unknownKeys];
  const parsed = orchestratorSchema.safeParse(data);
  const found = parsed.success
    ? crossFaults(parsed.data, declared).map((fault) => ({
        ...fault,
        line: document.lineOf(fault.path),
      }))
    : shaped;
  if (parsed.success && found.length === 0 && shaped.length === 0) return parsed.data;
  const all = parsed.success ? [...shaped, ...found] : found;
  throw new ConfigError(
    all
      .toSorted((a, b) => a.line - b.line)
      .map(({ path, line, message }) => ({
        file: fileName,
        line,
        path: formatPath(path),
        message,
      })),
  );
}

/** Names that nothing bears. */
function crossFaults(world: OrchestratorText, declared: readonly string[]): CrossFault[] {
  const { kinds, parameters, conditions, interactions } = world;
  const kindNames = Object.keys(kinds);
  const measured = Object.values(kinds).flatMap(({ measurements }) => Object.keys(measurements));
  const metrics = ['latency', 'success', ...new Set(measured)];
  const faults: CrossFault[] = [];
  const expectIn = (
    what: string,
    names: readonly string[],
    name: string,
    path: ConfigPath,
  ): void => {
    if (names.includes(name)) return;
    const list = names.slice(0, 20).join(', ');
    const message = `expected ${what}${list === '' ? '' : ` (${list})`}, found ${show(name)}`;
    faults.push({ path, message: message + suggest(name, names) });
  };
  const metric = (name: string, path: ConfigPath) =>
    expectIn('latency, success or a measurement of a kind', metrics, name, path);
  const parameter = (name: string, path: ConfigPath) =>
    expectIn('a parameter of the config', declared, name, path);
  const inScope = ({ kinds: own = [] }: { kinds?: string[] | undefined }, path: ConfigPath) => {
    for (const [index, name] of own.entries()) {
      expectIn('one of the kinds', kindNames, name, [...path, 'kinds', index]);
    }
  };
  for (const [name, { effects, curves }] of Object.entries(parameters)) {
    const at = ['parameters', name];
    parameter(name, at);
    for (const [value, effect] of Object.entries(effects)) {
      for (const one of Object.keys(effect)) metric(one, [...at, 'effects', value, one]);
    }
    for (const [index, curve] of curves.entries()) {
      const path = [...at, 'curves', index];
      metric(curve.metric, [...path, 'metric']);
      inScope(curve, path);
      faults.push(...curveFaults(curve, path));
    }
  }
  for (const [index, condition] of conditions.entries()) {
    const path = ['conditions', index];
    for (const name of Object.keys(condition.when)) parameter(name, [...path, 'when', name]);
    for (const one of Object.keys(condition.effect)) metric(one, [...path, 'effect', one]);
    inScope(condition, path);
  }
  for (const [index, { between, metric: of }] of interactions.entries()) {
    for (const [place, name] of between.entries()) {
      if (parameters[name]?.curves.some((curve) => curve.metric === of)) continue;
      const message = `expected a parameter here that has a curve of ${of}, found ${show(name)}`;
      faults.push({ path: ['interactions', index, 'between', place], message });
    }
  }
  return faults;
}

function curveFaults(
  {
    metric,
    optimum,
    factor,
    points,
    step,
  }: OrchestratorText['parameters'][string]['curves'][number],
  path: ConfigPath,
): CrossFault[] {
  const [key, other] = metric === 'success' ? ['points', factor] : ['factor', points];
  const size = metric === 'success' ? points : factor;
  const faults: CrossFault[] = [];
  if (size === undefined || other !== undefined) {
    faults.push({ path, message: `expected ${key} for ${metric}, and not the other` });
  }
  if (step === undefined && optimum <= 0) {
    const message = `expected a number above 0, or a step beside it, found ${optimum}`;
    faults.push({ path: [...path, 'optimum'], message });
  }
  return faults;
}
