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

/** A question, of whichever version of the protocol. */
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

/** Knows the files of services, with all that they import. */
export interface DescriptorIndex {
  answer(question: Question): Answer;
}

type Declaration = DescMessage | DescEnum | DescExtension | DescService;

/** @param others files that no service imports */
export function createDescriptorIndex(
  services: readonly DescService[],
  others: readonly DescFile[] = [],
): DescriptorIndex {
  const files = new Map<string, DescFile>();
  for (const { file } of services) addWithImports(file, files);
  for (const file of others) addWithImports(file, files);
  const declarations = files
    .values()
    .flatMap((file) => nestedTypes(file))
    .toArray();
  const symbols = new Map<string, DescFile>();
  for (const declaration of declarations) {
    for (const name of namesIn(declaration)) symbols.set(name, declaration.file);
  }
  const extensions = declarations.filter((declaration) => declaration.kind === 'extension');

  const answerFile = (file: DescFile | undefined, what: string): Answer =>
    file === undefined ? notFound(what) : { case: 'fileDescriptorResponse', value: encoded(file) };

  return {
    answer(question) {
      switch (question.case) {
        case 'fileByFilename':
          return answerFile(files.get(question.value), 'file');
        case 'fileContainingSymbol':
          return answerFile(symbols.get(question.value), 'symbol');
        case 'fileContainingExtension':
          return answerFile(findExtension(extensions, question.value)?.file, 'extension');
        case 'allExtensionNumbersOfType':
          if (!symbols.has(question.value)) return notFound('type');
          return extensionNumbers(extensions, question.value);
        case 'listServices':
          return {
            case: 'listServicesResponse',
            value: { service: services.map(({ typeName }) => ({ name: typeName })) },
          };
        case undefined:
          return failure(status.INVALID_ARGUMENT, 'the request asks nothing');
      }
    },
  };
}

function addWithImports(file: DescFile, files: Map<string, DescFile>): void {
  if (files.has(file.proto.name)) return;
  files.set(file.proto.name, file);
  for (const imported of file.dependencies) addWithImports(imported, files);
}

/** The full names of a declaration and of its parts. */
function namesIn(declaration: Declaration): string[] {
  const { kind, typeName } = declaration;
  switch (kind) {
    case 'message': {
      const parts = [...declaration.fields, ...declaration.oneofs];
      return [typeName, ...parts.map(({ name }) => `${typeName}.${name}`)];
    }
    case 'enum': {
      // Values are named as their enum's siblings.
      const scope = typeName.slice(0, typeName.lastIndexOf('.') + 1);
      return [typeName, ...declaration.values.map(({ name }) => scope + name)];
    }
    case 'service':
      return [typeName, ...declaration.methods.map(({ name }) => `${typeName}.${name}`)];
    case 'extension':
      return [typeName];
  }
}

/** The file and all that it imports, so that a client need not ask for each. */
function encoded(file: DescFile): { fileDescriptorProto: Uint8Array[] } {
  const files = new Map<string, DescFile>();
  addWithImports(file, files);
  const bytes = files.values().map(({ proto }) => toBinary(FileDescriptorProtoSchema, proto));
  return { fileDescriptorProto: bytes.toArray() };
}

function findExtension(extensions: readonly DescExtension[], name: ExtensionName) {
  return extensions.find(
    ({ extendee, number }) =>
      extendee.typeName === name.containingType && number === name.extensionNumber,
  );
}

function extensionNumbers(extensions: readonly DescExtension[], baseTypeName: string): Answer {
  const extensionNumber = extensions
    .filter(({ extendee }) => extendee.typeName === baseTypeName)
    .map(({ number }) => number);
  return { case: 'allExtensionNumbersResponse', value: { baseTypeName, extensionNumber } };
}

function notFound(what: string): Answer {
  return failure(status.NOT_FOUND, `no such ${what}`);
}

function failure(errorCode: status, errorMessage: string): Answer {
  return { case: 'errorResponse', value: { errorCode, errorMessage } };
}
