import type {
  DescEnum,
  DescExtension,
  DescFile,
  DescMessage,
  DescService,
} from '@bufbuild/protobuf';
import { toBinary } from '@bufbuild/protobuf';
import { nestedTypes } from '@bufbuild/protobuf/reflect';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { status } from '@grpc/grpc-js';

/** A question of the reflection protocol, in either version. */
export type Question =
  | { readonly case: 'fileByFilename'; readonly value: string }
  | { readonly case: 'fileContainingSymbol'; readonly value: string }
  | { readonly case: 'fileContainingExtension'; readonly value: ExtensionName }
  | { readonly case: 'allExtensionNumbersOfType'; readonly value: string }
  | { readonly case: 'listServices'; readonly value: string }
  | { readonly case: undefined };

interface ExtensionName {
  readonly containingType: string;
  readonly extensionNumber: number;
}

/** The fields of an answer, the same in both versions. */
export type Answer =
  | { case: 'fileDescriptorResponse'; value: { fileDescriptorProto: Uint8Array[] } }
  | {
      case: 'allExtensionNumbersResponse';
      value: { baseTypeName: string; extensionNumber: number[] };
    }
  | { case: 'listServicesResponse'; value: { service: { name: string }[] } }
  | { case: 'errorResponse'; value: { errorCode: number; errorMessage: string } };

type Type = DescMessage | DescEnum | DescExtension | DescService;

/**
 * Answers questions about the files of services, and all that they import.
 *
 * @param others files that no service imports, or that take the place of imported ones of the same name
 */
export function createDescriptorIndex(
  services: readonly DescService[],
  others: readonly DescFile[] = [],
): (question: Question) => Answer {
  const files = withImports([...others, ...services.map(({ file }) => file)]);
  const types = [...files.values()].flatMap((file) => [...nestedTypes(file)]);
  const fileAnswer = (file: DescFile | undefined, what: string): Answer =>
    file === undefined ? notFound(what) : encoded(withImports([file], files));
  const extensionsOf = (typeName: string) =>
    types
      .filter((type) => type.kind === 'extension')
      .filter((e) => e.extendee.typeName === typeName);
  return (question) => {
    switch (question.case) {
      case 'fileByFilename':
        return fileAnswer(files.get(question.value), 'file');
      case 'fileContainingSymbol':
        return fileAnswer(types.find((type) => declares(type, question.value))?.file, 'symbol');
      case 'fileContainingExtension': {
        const { containingType, extensionNumber } = question.value;
        const isIt = ({ number }: DescExtension) => number === extensionNumber;
        return fileAnswer(extensionsOf(containingType).find(isIt)?.file, 'extension');
      }
      case 'allExtensionNumbersOfType': {
        const baseTypeName = question.value;
        if (!types.some(({ typeName }) => typeName === baseTypeName)) return notFound('type');
        const extensionNumber = extensionsOf(baseTypeName).map(({ number }) => number);
        return { case: 'allExtensionNumbersResponse', value: { baseTypeName, extensionNumber } };
      }
      case 'listServices': {
        const service = services.map(({ typeName }) => ({ name: typeName }));
        return { case: 'listServicesResponse', value: { service } };
      }
      case undefined:
        return failure(status.INVALID_ARGUMENT, 'the request asks nothing');
    }
  };
}

/**
 * Files and all that they import, by name.
 *
 * @param known files that are taken in place of others of the same name
 */
function withImports(
  files: readonly DescFile[],
  known: ReadonlyMap<string, DescFile> = new Map(),
  found = new Map<string, DescFile>(),
): Map<string, DescFile> {
  for (const file of files) {
    const { name } = file.proto;
    if (found.has(name)) continue;
    const taken = known.get(name) ?? file;
    found.set(name, taken);
    withImports(taken.dependencies, known, found);
  }
  return found;
}

/** Whether a full name is that of a type, or of a part of the type. */
function declares(type: Type, symbol: string): boolean {
  const { typeName } = type;
  // The values of an enum are named as its siblings.
  const end = type.kind === 'enum' ? typeName.lastIndexOf('.') : typeName.length;
  const scope = typeName.slice(0, end);
  return symbol === typeName || partsOf(type).some(({ name }) => symbol === `${scope}.${name}`);
}

function partsOf(type: Type): readonly { readonly name: string }[] {
  switch (type.kind) {
    case 'message':
      return [...type.fields, ...type.oneofs];
    case 'enum':
      return type.values;
    case 'service':
      return type.methods;
    case 'extension':
      return [];
  }
}

/** A file and all that it imports, so that a client need not ask for each. */
function encoded(files: ReadonlyMap<string, DescFile>): Answer {
  const fileDescriptorProto = [...files.values()].map(({ proto }) =>
    toBinary(FileDescriptorProtoSchema, proto),
  );
  return { case: 'fileDescriptorResponse', value: { fileDescriptorProto } };
}

function notFound(what: string): Answer {
  return failure(status.NOT_FOUND, `no such ${what}`);
}

function failure(errorCode: status, errorMessage: string): Answer {
  return { case: 'errorResponse', value: { errorCode, errorMessage } };
}
