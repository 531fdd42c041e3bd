import { readdirSync, readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import {
  type DescMessage,
  type DescMethodUnary,
  enumToJson,
  fromBinary,
  fromJson,
  type JsonValue,
  type MessageShape,
  toBinary,
  toJson,
} from '@bufbuild/protobuf';
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import {
  type CallFailure,
  type Change,
  DeltaRefusal,
  LearningSidecar,
  readFailure,
} from 'learning-sidecar/client';
import { Health } from './gen/grpc/health/v1/health_pb.ts';
import { LearningAdminService } from './gen/learning/v1/admin_service_pb.ts';
import {
  ArmSchema,
  LearningService,
  RecordTasksRequestSchema,
  SnapshotOutcomeSchema,
} from './gen/learning/v1/learning_service_pb.ts';
import { TaskSchema } from './gen/learning/v1/task_pb.ts';

// The agent that test/conformance drives: a command a line, an answer a line, events between them.

const { values: flags } = parseArgs({
  options: {
    target: { type: 'string', default: '127.0.0.1:50051' },
    'client-id': { type: 'string', default: 'typescript' },
    'tls-ca': { type: 'string' },
    'tls-certificate': { type: 'string' },
    'tls-key': { type: 'string' },
    'tls-server-name': { type: 'string' },
    'token-file': { type: 'string' },
    defaults: { type: 'string', default: '{}' },
  },
});

interface Command {
  readonly id: number;
  readonly do: string;
  readonly [field: string]: JsonValue;
}

/** A call that failed, or a command that cannot be carried out. */
class AgentError extends Error {
  readonly answer: object;

  constructor(answer: object) {
    super(JSON.stringify(answer));
    this.answer = answer;
  }
}

function unable(message: string): AgentError {
  return new AgentError({ code: 'AGENT', message });
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

let refusal: DeltaRefusal | undefined;
let reading = Promise.resolve();
let resume = () => {};

const sidecar = new LearningSidecar({
  target: flags.target,
  tlsCa: flags['tls-ca'],
  tlsCertificate: flags['tls-certificate'],
  tlsKey: flags['tls-key'],
  tlsServerName: flags['tls-server-name'],
  tokenFile: flags['token-file'],
  clientId: flags['client-id'],
  defaults: JSON.parse(flags.defaults),
  onChange,
});
/** For calls that the library does not make: in the clear, without a token. */
const plain = new Client(flags.target, credentials.createInsecure());

async function onChange({ sequence, outcome, delta, ...change }: Change) {
  await reading;
  const refused = refusal;
  refusal = undefined;
  const isPart = refused?.parameters !== undefined;
  if (refused === undefined || isPart) {
    print({
      event: 'values',
      ...change,
      sequence: Number(sequence),
      outcome: outcome === undefined ? null : enumToJson(SnapshotOutcomeSchema, outcome),
      delta_id: delta?.deltaId ?? null,
    });
  }
  if (refused !== undefined) throw refused;
}

async function perform(command: Command): Promise<JsonValue> {
  switch (command.do) {
    case 'versions':
      return {
        language: `Node ${process.versions.node}`,
        grpc: `grpc-js ${versionOf('@grpc/grpc-js')}`,
        protobuf: `protobuf-es ${versionOf('@bufbuild/protobuf')}`,
      };
    case 'call':
      return call(command);
    case 'call_raw': {
      const answer = await callPlain(
        String(command.method),
        Buffer.from(String(command.hex), 'hex'),
      );
      return { hex: answer.toString('hex') };
    }
    case 'record_stream':
      return recordStream(command.batches);
    case 'follow':
      setImmediate(() => sidecar.follow());
      return {};
    case 'parameters':
      return sidecar.parameters as JsonValue;
    case 'resolve': {
      const { task_id: taskId = '', labels = {} } = command;
      const task = { taskId: String(taskId), labels: labels as Record<string, string> };
      const { parameters, deltaSequence, arm, isFallback } = await sidecar.resolve(task);
      return {
        parameters: parameters as JsonValue,
        delta_sequence: Number(deltaSequence),
        arm: enumToJson(ArmSchema, arm),
        fallback: isFallback,
      };
    }
    case 'record': {
      const outcome = await sidecar.record(read(TaskSchema, command.task));
      if (outcome.kind === 'refused') throw new AgentError(wire(outcome.failure));
      return { outcome: outcome.kind };
    }
    case 'reopen':
      for (let left = Number(command.times); left > 0; left -= 1) await reopen();
      return {
        threads: process.getActiveResourcesInfo().length,
        files: readdirSync('/proc/self/fd').length,
      };
    case 'refuse_next':
      refusal = new DeltaRefusal(
        String(command.reason),
        String(command.message),
        command.parameters as string[] | undefined,
      );
      return {};
    case 'pause_reading':
      reading = new Promise((resolve) => {
        resume = resolve;
      });
      return {};
    case 'resume_reading':
      resume();
      return {};
    default:
      throw unable(`no such command: ${command.do}`);
  }
}

/** Another client, from its beginning to its end. */
async function reopen(): Promise<void> {
  const snapshot = Promise.withResolvers<void>();
  const other = new LearningSidecar({
    target: flags.target,
    clientId: flags['client-id'],
    onChange: () => snapshot.resolve(),
  });
  other.follow();
  await other.record({});
  await snapshot.promise;
  await other.close();
}

/** Any unary method of any service, by the code that is generated here. */
async function call({ service, method: name, request, deadline_ms }: Command): Promise<JsonValue> {
  const deadlineMs = Number(deadline_ms ?? 5000);
  const [descriptor, client] =
    service === 'LearningAdminService'
      ? [LearningAdminService, sidecar.admin]
      : [LearningService, sidecar.service];
  const wanted = service === 'Health' ? Health : descriptor;
  const method = wanted.methods.find((one) => one.name === name);
  if (method?.methodKind !== 'unary') throw unable(`no such method: ${service}.${name}`);
  const message = read(method.input, request);
  if (service === 'Health') {
    const bytes = toBinary(method.input, message);
    const answer = await callPlain(`/${Health.typeName}/${name}`, bytes);
    return toJson(method.output, fromBinary(method.output, answer));
  }
  const unary = Reflect.get(client, method.localName) as (
    message: MessageShape<DescMethodUnary['input']>,
    options: { deadlineMs: number },
  ) => Promise<MessageShape<DescMethodUnary['output']>>;
  return toJson(method.output, await unary(message, { deadlineMs }));
}

function callPlain(path: string, bytes: Uint8Array): Promise<Buffer> {
  const asIs = (value: Uint8Array) => Buffer.from(value);
  return new Promise((resolve, reject) => {
    plain.makeUnaryRequest(path, asIs, asIs, bytes, new Metadata(), {}, (error, answer) => {
      if (error) reject(error);
      else resolve(answer ?? Buffer.alloc(0));
    });
  });
}

async function recordStream(batches: JsonValue | undefined): Promise<JsonValue> {
  const stream = sidecar.service.recordTasks();
  let counts: JsonValue = { recordedCount: '0', duplicateCount: '0' };
  const ended = (async () => {
    for await (const { recordedCount, duplicateCount } of stream) {
      counts = { recordedCount: String(recordedCount), duplicateCount: String(duplicateCount) };
    }
  })();
  for (const tasks of batches as JsonValue[]) {
    stream.write(read(RecordTasksRequestSchema, { tasks }));
  }
  stream.end();
  await ended.catch((error: unknown) => {
    throw new AgentError({ ...errorOf(error), counts });
  });
  return counts;
}

function read<S extends DescMessage>(schema: S, json: JsonValue | undefined): MessageShape<S> {
  try {
    return fromJson(schema, json ?? {});
  } catch (error) {
    throw unable(String(error));
  }
}

function versionOf(name: string): string {
  const file = findPackageJSON(name, import.meta.url) ?? '';
  return JSON.parse(readFileSync(file, 'utf8')).version;
}

function errorOf(error: unknown): object {
  if (error instanceof AgentError) return error.answer;
  const failure = readFailure(error);
  if (failure === undefined) return { code: 'AGENT', message: String(error) };
  // What there is a failure of is such an error.
  const [pushback] = (error as ServiceError).metadata.get('grpc-retry-pushback-ms');
  return { ...wire(failure), pushback_ms: pushback ?? null };
}

function wire({ retryDelayMs, ...rest }: CallFailure): object {
  return { ...rest, retry_delay_ms: retryDelayMs ?? null };
}

for await (const line of createInterface(process.stdin)) {
  const command: Command = JSON.parse(line);
  void perform(command).then(
    (ok) => print({ id: command.id, ok }),
    (error: unknown) => print({ id: command.id, error: errorOf(error) }),
  );
}
await sidecar.close({ timeoutMs: 0 });
plain.close();
