import { parse } from '@bufbuild/cel';
import { MAX_EXPRESSION_DEPTH, MAX_EXPRESSION_LENGTH, MAX_LITERAL_ELEMENTS, MAX_MACRO_NESTING, } from '../limits.js';
import { environment } from './environment.js';
/** Accumulator of every macro, as the parser names it; no identifier can be called that. */
export const ACCUMULATOR = '@result';
/** Parses an expression and bounds what it can cost. Any fault: there is no syntax. */
export function parseExpression(text) {
    if (text.length > MAX_EXPRESSION_LENGTH) {
        const message = `expected at most ${MAX_EXPRESSION_LENGTH} characters, found ${text.length}`;
        return { faults: [{ offset: 0, message }] };
    }
    let parsed;
    try {
        parsed = parse(text);
    }
    catch (error) {
        return { faults: [describeSyntaxError(error, text)] };
    }
    const positions = parsed.sourceInfo?.positions ?? {};
    const offsetOf = (expr) => positions[String(expr.id)] ?? 0;
    const syntax = { text, expr: parsed.expr, offsetOf };
    const fault = findExcess(syntax);
    return fault === undefined ? { syntax } : { faults: [fault] };
}
function describeSyntaxError(error, text) {
    if (error instanceof RangeError) {
        return { offset: 0, message: `expected at most ${MAX_EXPRESSION_DEPTH} levels, found more` };
    }
    const message = error instanceof Error ? error.message : String(error);
    // The parser's errors have a location; its class is not exported.
    const location = error.location;
    const offset = location?.start?.offset;
    if (offset === undefined)
        return { offset: 0, message: `expected CEL: ${message}` };
    // What the parser says it expected is true and of little help: `1 +` fails at the `+`.
    const rest = text.slice(offset, offset + 20);
    const found = rest === '' ? 'its end' : JSON.stringify(rest.length < 20 ? rest : `${rest}…`);
    return { offset, message: `expected CEL that can be read, cannot read on from ${found}` };
}
/** What a node is made of, without the parts that a macro's expansion adds by itself. */
export function childrenOf(expr) {
    const kind = expr.exprKind;
    const plain = (...nodes) => nodes.flatMap((node) => (node === undefined ? [] : [{ expr: node, binds: undefined }]));
    switch (kind.case) {
        case 'selectExpr':
            return plain(kind.value.operand);
        case 'callExpr':
            return plain(isQualifiedFunction(expr) ? undefined : kind.value.target, ...kind.value.args);
        case 'listExpr':
            return plain(...kind.value.elements);
        case 'structExpr':
            return kind.value.entries.flatMap((entry) => plain(entry.keyKind.case === 'mapKey' ? entry.keyKind.value : undefined, entry.value));
        case 'comprehensionExpr': {
            const { iterRange, iterVar, loopStep } = kind.value;
            const step = loopStep === undefined ? [] : [{ expr: loopStep, binds: iterVar }];
            return [...plain(iterRange), ...step];
        }
        default:
            return [];
    }
}
/** Whether a call like `strings.quote(x)` is of a function of that name, not of a variable's. */
export function isQualifiedFunction({ exprKind }) {
    if (exprKind.case !== 'callExpr' || exprKind.value.target === undefined)
        return false;
    const target = exprKind.value.target.exprKind;
    if (target.case !== 'identExpr')
        return false;
    return environment.funcs.find(`${target.value.name}.${exprKind.value.function}`) !== undefined;
}
/** The first node that is too deep, too nested or too long. */
function findExcess(syntax) {
    const visit = (expr, depth, macros) => {
        const excess = excessOf(expr, depth, macros);
        if (excess !== undefined)
            return { offset: syntax.offsetOf(expr), message: excess };
        for (const { expr: child, binds } of childrenOf(expr)) {
            const fault = visit(child, depth + 1, macros + (binds === undefined ? 0 : 1));
            if (fault !== undefined)
                return fault;
        }
        return undefined;
    };
    return visit(syntax.expr, 1, 0);
}
function excessOf(expr, depth, macros) {
    const kind = expr.exprKind;
    if (depth > MAX_EXPRESSION_DEPTH) {
        return `expected at most ${MAX_EXPRESSION_DEPTH} levels, found more`;
    }
    if (kind.case === 'comprehensionExpr' && macros >= MAX_MACRO_NESTING) {
        return `expected macros (all, map, …) within macros at most ${MAX_MACRO_NESTING} deep`;
    }
    const elements = kind.case === 'listExpr'
        ? kind.value.elements.length
        : kind.case === 'structExpr'
            ? kind.value.entries.length
            : 0;
    if (elements <= MAX_LITERAL_ELEMENTS)
        return undefined;
    return `expected at most ${MAX_LITERAL_ELEMENTS} elements in a list or map, found ${elements}`;
}
//# sourceMappingURL=syntax.js.map