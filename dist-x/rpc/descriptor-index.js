import { toBinary } from '@bufbuild/protobuf';
import { nestedTypes } from '@bufbuild/protobuf/reflect';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { status } from '@grpc/grpc-js';
export function createDescriptorIndex(services) {
    const files = new Map();
    for (const { file } of services)
        addWithImports(file, files);
    const declarations = files
        .values()
        .flatMap((file) => nestedTypes(file))
        .toArray();
    const symbols = new Map();
    for (const declaration of declarations) {
        for (const name of namesIn(declaration))
            symbols.set(name, declaration.file);
    }
    const extensions = declarations.filter((declaration) => declaration.kind === 'extension');
    const answerFile = (file, what) => file === undefined ? notFound(what) : { case: 'fileDescriptorResponse', value: encoded(file) };
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
                    if (!symbols.has(question.value))
                        return notFound('type');
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
function addWithImports(file, files) {
    if (files.has(file.proto.name))
        return;
    files.set(file.proto.name, file);
    for (const imported of file.dependencies)
        addWithImports(imported, files);
}
/** The full names of a declaration and of its parts. */
function namesIn(declaration) {
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
function encoded(file) {
    const files = new Map();
    addWithImports(file, files);
    const bytes = files.values().map(({ proto }) => toBinary(FileDescriptorProtoSchema, proto));
    return { fileDescriptorProto: bytes.toArray() };
}
function findExtension(extensions, name) {
    return extensions.find(({ extendee, number }) => extendee.typeName === name.containingType && number === name.extensionNumber);
}
function extensionNumbers(extensions, baseTypeName) {
    const extensionNumber = extensions
        .filter(({ extendee }) => extendee.typeName === baseTypeName)
        .map(({ number }) => number);
    return { case: 'allExtensionNumbersResponse', value: { baseTypeName, extensionNumber } };
}
function notFound(what) {
    return failure(status.NOT_FOUND, `no such ${what}`);
}
function failure(errorCode, errorMessage) {
    return { case: 'errorResponse', value: { errorCode, errorMessage } };
}
//# sourceMappingURL=descriptor-index.js.map