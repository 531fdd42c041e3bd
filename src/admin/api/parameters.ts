import type { Delta } from '../../domain/delta.ts';
import { typeOf } from '../../domain/parameter-type.ts';
import { own, type Value } from '../../domain/value.ts';
import type { Engine } from '../../engine/engine.ts';
import { toWallMs } from '../../ledger/head.ts';
import { json } from '../web/answers.ts';
import { type ApiRoute, apiRoute } from './route-table.ts';
import { ANY, described, listOf, NUMBER, objectOf, type Schema, TEXT, TIME } from './schema.ts';
import { isoTime } from './times.ts';

/** Maximum number of changes told of each parameter, the newest. */
const MAX_CHANGES = 20;

const CHANGE = objectOf(
  { deltaId: TEXT, by: TEXT, time: TIME },
  { value: ANY, cohort: described(TEXT, 'Such as kind=code; absent: for all tasks') },
);

const PARAMETER: Schema = objectOf(
  {
    name: TEXT,
    type: described(TEXT, 'integer, number, string, boolean, object, or empty if not known'),
    setBy: described(TEXT, 'rule ID, operator, or config'),
    history: described(listOf(CHANGE), 'Newest first; at most 20 that are retained'),
    cohorts: described(
      listOf(objectOf({ cohort: TEXT, value: ANY })),
      'Cohorts with a value of their own',
    ),
  },
  {
    value: described(ANY, 'Absent if a rule has removed it'),
    since: TIME,
    heldUntil: described(TIME, 'Until when rules leave it alone'),
    min: NUMBER,
    max: NUMBER,
    allowed: listOf(ANY),
  },
);

export function parametersRoute(engine: Engine): ApiRoute {
  return apiRoute({
    method: 'GET',
    path: '/parameters',
    who: 'reader',
    doc: {
      id: 'listParameters',
      summary: 'Parameters with their values, bounds and changes, by name',
      parameters: [],
      response: listOf(PARAMETER),
    },
    handle: () => json(parametersOf(engine)),
  });
}

function parametersOf(engine: Engine) {
  const { head } = engine.ledger.state;
  const { parameters: specs } = engine.settings;
  const histories = historiesOf(engine);
  const names = new Set([...Object.keys(specs), ...Object.keys(head.parameters)]);
  return [...names].sort().map((name) => {
    const value = own(head.parameters, name);
    const history = histories.get(name) ?? [];
    const newest = history.find(({ cohort }) => cohort === undefined);
    return {
      ...boundsOf(engine, name, value),
      setBy: newest?.by ?? 'config',
      history,
      cohorts: cohortsOf(engine, name),
      ...(value === undefined ? {} : { value }),
      ...timesOf(engine, name),
    };
  });
}

function boundsOf({ settings }: Engine, name: string, value: Value | undefined) {
  const spec = own(settings.parameters, name);
  const { min, max, allowed } = spec ?? {};
  const type = spec?.type ?? (value === undefined ? undefined : typeOf(value));
  return {
    ...{ name, type: type ?? '' },
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(allowed === undefined ? {} : { allowed }),
  };
}

function timesOf({ ledger, clock }: Engine, name: string) {
  const { head } = ledger.state;
  const { changedMs, holdUntilMs = 0 } = own(head.targets, name) ?? {};
  const time = (ms: number) => isoTime(toWallMs(head, ms));
  return {
    ...(changedMs === undefined ? {} : { since: time(changedMs) }),
    ...(holdUntilMs > clock.now() ? { heldUntil: time(holdUntilMs) } : {}),
  };
}

function cohortsOf({ ledger }: Engine, name: string) {
  const { label, values = {} } = ledger.state.head.cohortValues ?? {};
  return Object.entries(values).flatMap(([text, parameters]) => {
    const value = own(parameters, name);
    return value === undefined ? [] : [{ cohort: `${label}=${text}`, value }];
  });
}

/** The newest changes put in force, by parameter. */
function historiesOf({ ledger }: Engine) {
  const found = new Map<string, ReturnType<typeof changeOf>[]>();
  for (const delta of ledger.state.deltasNewestFirst()) {
    if (delta.applyTimeMs === undefined || delta.trialDeltaId !== '') continue;
    const changes = found.get(delta.target) ?? [];
    found.set(delta.target, changes);
    if (changes.length < MAX_CHANGES) changes.push(changeOf(delta, delta.applyTimeMs));
  }
  return found;
}

function changeOf({ deltaId, newValue, ruleId, cohort }: Delta, applyTimeMs: number) {
  return {
    deltaId,
    by: ruleId === '' ? 'operator' : `rule ${ruleId}`,
    time: isoTime(applyTimeMs),
    ...(newValue === undefined ? {} : { value: newValue }),
    ...(cohort === undefined ? {} : { cohort: `${cohort.label}=${cohort.value}` }),
  };
}
