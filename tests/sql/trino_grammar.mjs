// Looks at SQL with Trino's own grammar, as dt-sql-parser has it: a JSON list of texts in, a line of faults for each out.
// The first argument is the folder in which npm installed it.
import { readFileSync } from 'node:fs';
import { register } from 'node:module';
import { pathToFileURL } from 'node:url';

// The package names files without their ending, which bundlers understand and Node does not.
const endings = `export async function resolve(specifier, context, next) {
  for (const ending of ['', '.js', '/index.js']) {
    try { return await next(specifier + ending, context); } catch (error) { if (ending === '/index.js') throw error; }
  }
}`;
register(`data:text/javascript,${encodeURIComponent(endings)}`);
const folder = pathToFileURL(`${process.argv[2]}/node_modules/dt-sql-parser/dist/index.js`);
const { TrinoSQL } = await import(folder);
const parser = new TrinoSQL();
for (const text of JSON.parse(readFileSync(0, 'utf8'))) {
  console.log(JSON.stringify(parser.validate(text).map((fault) => fault.message)));
}
