import { fromBinary, getExtension } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { field as validationRules } from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js';
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { ServerReflection as V1 } from '../../../src/gen/grpc/reflection/v1/reflection_pb.ts';
import { ServerReflection as V1Alpha } from '../../../src/gen/grpc/reflection/v1alpha/reflection_pb.ts';
import { LearningAdminService } from '../../../src/gen/learning/v1/admin_service_pb.ts';
import { LearningService } from '../../../src/gen/learning/v1/learning_service_pb.ts';
import type { Question } from '../../../src/rpc/services/descriptor-index.ts';
import { addReflection } from '../../../src/rpc/services/reflection.ts';
import { OpenStreams } from '../../../src/rpc/streams/open-streams.ts';
import { collect, connect, STREAM_LIMITS, serve } from '../wire.ts';

const versions: [string, typeof V1][] = [
  ['v1', V1],
  // The versions differ in their package only.
  ['v1alpha', V1Alpha as unknown as typeof V1],
];

describe.each(versions)('reflection %s', (_, service) => {
  const openStreams = new OpenStreams(() => STREAM_LIMITS);

  async function ask(...questions: Question[]) {
    const address = await serve((server) =>
      addReflection(server, [LearningService, LearningAdminService], openStreams),
    );
    const call = connect(service, address).serverReflectionInfo();
    for (const messageRequest of questions) call.write({ host: 'h', messageRequest });
    call.end();
    const responses = await collect(call);
    expect(responses).toHaveLength(questions.length);
    return responses.map(({ messageResponse }) => messageResponse);
  }

  test('a stream that is open is ended when the server drains', async () => {
    const open = new OpenStreams(() => STREAM_LIMITS);
    const address = await serve((server) => addReflection(server, [LearningService], open));
    const call = connect(service, address).serverReflectionInfo();
    const failed = new Promise((resolve) => call.on('error', resolve));
    call.write({ messageRequest: { case: 'listServices', value: '' } });
    await new Promise((resolve) => call.once('data', resolve));
    open.drain();
    expect(await failed).toMatchObject({ code: status.UNAVAILABLE });
  });

  test('a long request is not repeated in an answer, but refused', async () => {
    const open = new OpenStreams(() => STREAM_LIMITS);
    const address = await serve((server) => addReflection(server, [LearningService], open));
    const call = connect(service, address).serverReflectionInfo();
    const failed = new Promise((resolve) => call.on('error', resolve));
    const messageRequest = { case: 'fileContainingSymbol', value: 'x'.repeat(4000) } as const;
    call.write({ host: '', messageRequest });
    await new Promise((resolve) => call.once('data', resolve));
    call.write({ host: 'x'.repeat(100), messageRequest });
    expect(await failed).toMatchObject({ code: status.INVALID_ARGUMENT });
  });

  /** The files in an answer, by name, the one asked for first. */
  async function filesFor(question: Question) {
    const [answer] = await ask(question);
    if (answer?.case !== 'fileDescriptorResponse') return [];
    return answer.value.fileDescriptorProto.map((bytes) =>
      fromBinary(FileDescriptorProtoSchema, bytes),
    );
  }

  test('lists the services, itself included', async () => {
    const [answer] = await ask({ case: 'listServices', value: '*' });
    const names = answer?.case === 'listServicesResponse' ? answer.value.service : [];
    expect(names.map(({ name }) => name).toSorted()).toEqual([
      'grpc.reflection.v1.ServerReflection',
      'grpc.reflection.v1alpha.ServerReflection',
      'learning.v1.LearningAdminService',
      'learning.v1.LearningService',
    ]);
  });

  test('sends a file with all that it imports', async () => {
    const files = await filesFor({ case: 'fileByFilename', value: 'learning/v1/task.proto' });
    expect(files.map(({ name }) => name)).toEqual([
      'learning/v1/task.proto',
      'buf/validate/validate.proto',
      'google/protobuf/descriptor.proto',
      'google/protobuf/duration.proto',
      'google/protobuf/field_mask.proto',
      'google/protobuf/timestamp.proto',
    ]);
  });

  test('keeps custom options', async () => {
    const [file] = await filesFor({ case: 'fileByFilename', value: 'learning/v1/task.proto' });
    const options = file?.messageType[0]?.field[0]?.options;
    const rules = options && getExtension(options, validationRules);
    expect(rules?.type).toMatchObject({ case: 'string', value: { maxBytes: 256n } });
  });

  test.each([
    ['a service', 'learning.v1.LearningService', 'learning/v1/learning_service.proto'],
    ['a method', 'learning.v1.LearningAdminService.RunCycle', 'learning/v1/admin_service.proto'],
    ['a message', 'learning.v1.Task', 'learning/v1/task.proto'],
    ['a field', 'learning.v1.Task.latency_ms', 'learning/v1/task.proto'],
    ['a oneof', 'learning.v1.StreamDeltasResponse.event', 'learning/v1/learning_service.proto'],
    ['an enum', 'learning.v1.TaskStatus', 'learning/v1/task.proto'],
    ['an enum value', 'learning.v1.TASK_STATUS_SUCCESS', 'learning/v1/task.proto'],
    ['a nested enum', 'google.protobuf.FieldOptions.CType', 'google/protobuf/descriptor.proto'],
    ['a nested value', 'google.protobuf.FieldOptions.CORD', 'google/protobuf/descriptor.proto'],
    [
      'a nested message',
      'google.protobuf.DescriptorProto.ExtensionRange',
      'google/protobuf/descriptor.proto',
    ],
    ['an extension', 'buf.validate.field', 'buf/validate/validate.proto'],
    ['a rule', 'buf.validate.StringRules.max_bytes', 'buf/validate/validate.proto'],
  ])('finds %s', async (_, value, name) => {
    const [file] = await filesFor({ case: 'fileContainingSymbol', value });
    expect(file?.name).toBe(name);
  });

  test('finds extensions', async () => {
    const containingType = 'google.protobuf.FieldOptions';
    const [file] = await filesFor({
      case: 'fileContainingExtension',
      value: { containingType, extensionNumber: 1159 },
    });
    expect(file?.name).toBe('buf/validate/validate.proto');
    const answers = await ask(
      { case: 'allExtensionNumbersOfType', value: containingType },
      { case: 'allExtensionNumbersOfType', value: 'learning.v1.Task' },
    );
    expect(answers).toMatchObject([
      { value: { baseTypeName: containingType, extensionNumber: expect.arrayContaining([1159]) } },
      { value: { baseTypeName: 'learning.v1.Task', extensionNumber: [] } },
    ]);
  });

  test('answers what is not there, and goes on', async () => {
    const answers = await ask(
      { case: 'fileByFilename', value: 'x.proto' },
      { case: 'fileContainingSymbol', value: 'learning.v1.Nothing' },
      { case: 'fileContainingSymbol', value: '__proto__' },
      {
        case: 'fileContainingExtension',
        value: { containingType: 'learning.v1.Task', extensionNumber: 1 },
      },
      { case: 'allExtensionNumbersOfType', value: 'learning.v1.Nothing' },
    );
    for (const answer of answers) {
      expect(answer).toMatchObject({
        case: 'errorResponse',
        value: { errorCode: status.NOT_FOUND },
      });
    }
    const [empty] = await ask({ case: undefined });
    expect(empty).toMatchObject({ value: { errorCode: status.INVALID_ARGUMENT } });
  });
});
