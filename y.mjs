import { parseDocument, Parser } from 'yaml';
for (const n of [1000,3000,10000,100000]) for (const [a,b] of ['[]','{}']) { const t0=performance.now(); try { const d = parseDocument(a === '[' ? '['.repeat(n)+']'.repeat(n) : '{"a":'.repeat(n)+'1'+'}'.repeat(n)); console.log(n, a, d.errors.length, performance.now()-t0) } catch (e) { console.log(n, a,'deep', e.message) } }
for (const t of ['{"a": [1,\n2,], }', '{"a"}', '{"a":}','["a": 1]', '{\n // no\n}', '[1] # c', '# c\n1', '"a" ', '&a 1'])
{ const [...tok] = new Parser().parse(t); console.log(t, JSON.stringify(tok,null,0)); }
const big = JSON.stringify({a: Array.from({length: 100000}, (_, i) => ({x: i, y: 'abc'}))}); let t0=performance.now(); JSON.parse(big); console.log(big.length, performance.now()-t0); t0=performance.now(); parseDocument(big); console.log(performance.now()-t0);
