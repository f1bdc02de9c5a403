// Makes what the typed client knows of the API: types of all operations, and where each of them is. Part of `npm run docs`.
//   node scripts/client.mjs [openapi.json] [directory]
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import openapiTS, { astToString } from 'openapi-typescript';
import ts from 'typescript';

const [source = 'docs/openapi.json', target = 'client'] = process.argv.slice(2);
const document = JSON.parse(await readFile(source, 'utf8'));
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
);

/** What can go wrong has one form everywhere, so its codes are listed once, and types only tell what good answers look like. */
const codes = new Set();
for (const { responses } of operations) {
  for (const [status, { content }] of Object.entries(responses)) {
    for (const code of Object.keys(content?.['application/problem+json']?.examples ?? {})) codes.add(code);
    if (!status.startsWith('2')) delete responses[status];
  }
}

const types = await openapiTS(document, {
  // A field with a default may be left out.
  defaultNonNullable: false,
  // The document can say no more than that it is a string.
  transform: ({ format }) => (format === 'binary' ? ts.factory.createTypeReferenceNode('Bytes') : undefined),
});
const HEAD = '// Generated from docs/openapi.json by scripts/client.mjs: `npm run docs` writes it anew.\n';
const OWN = `
/** Bytes of a file, whole or as they come. */
export type Bytes = Blob | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;

/** What a program reads of an error; docs/errors.md says what to do about each. */
export type ErrorCode =
${[...codes]
  .sort()
  .map((code) => `  | '${code}'`)
  .join('\n')};

`;
await writeFile(join(target, 'schema.d.ts'), HEAD + OWN + astToString(types));

const places = operations.map(
  ({ operationId, method, path }) => `  ${operationId}: ['${method.toUpperCase()}', '${path}'],`,
);
await writeFile(
  join(target, 'operations.ts'),
  `${HEAD}import type { operations } from './schema';

/** Method and path of each operation. */
export const OPERATIONS: Readonly<Record<keyof operations, readonly [method: string, path: string]>> = {
${places.join('\n')}
};
`,
);
