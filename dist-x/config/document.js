import { MAX_CONFIG_DEPTH, MAX_CONFIG_NODES } from './limits.js';
export function createDocumentBuilder() {
    const notes = new Map();
    const faults = [];
    let nodes = 0;
    let full = false;
    function fault(path, line, message) {
        faults.push({ path, line, message });
    }
    function enter(path, line) {
        nodes += 1;
        if (nodes <= MAX_CONFIG_NODES && path.length <= MAX_CONFIG_DEPTH)
            return true;
        if (!full) {
            const bounds = `${MAX_CONFIG_NODES} values in ${MAX_CONFIG_DEPTH} levels`;
            fault([], line, `expected at most ${bounds}, found more`);
        }
        full = true;
        return false;
    }
    function assign(target, path, line, value) {
        const key = String(path.at(-1));
        // An object cannot hold it as an ordinary key, and nothing is called that.
        if (key === '__proto__')
            fault(path, line, 'expected another name: this one is reserved');
        else if (Object.hasOwn(target, key))
            fault(path, line, 'expected each key once, found it twice');
        else
            target[key] = value;
    }
    return {
        fault,
        note: (path, note) => void (notes.has(keyOf(path)) || notes.set(keyOf(path), note)),
        enter,
        assign,
        finish: (data) => createDocument(data, notes, faults),
    };
}
function createDocument(data, notes, faults) {
    const lineOf = (path) => {
        for (let length = path.length; length > 0; length -= 1) {
            const note = notes.get(keyOf(path.slice(0, length)));
            if (note !== undefined)
                return note.line;
        }
        return 1;
    };
    return {
        data,
        faults,
        lineOf,
        textLineOf(path, newlines) {
            const note = notes.get(keyOf(path));
            if (note?.textLine === undefined)
                return lineOf(path);
            return note.textLine + (note.verbatim === true ? newlines : 0);
        },
        sourceOf: (path) => notes.get(keyOf(path))?.source,
    };
}
function keyOf(path) {
    return JSON.stringify(path);
}
//# sourceMappingURL=document.js.map