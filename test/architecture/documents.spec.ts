import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { OpenAPIObject } from '@nestjs/swagger';
import { startTestApp } from '../support/test-app';

const ROOT = resolve(__dirname, '../..');

interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  parameters: readonly { description?: string }[];
  readonly responses: Record<string, { description: string }>;
}

let directory: string;
let document: OpenAPIObject;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'photovault-documents-'));
  const vault = await startTestApp();
  document = (await vault.stranger().request('GET', '//openapi.json')).body as unknown as OpenAPIObject;
  await vault.close();
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function operations(): Operation[] {
  return Object.values(document.paths).flatMap((methods) => Object.values(methods as Record<string, Operation>));
}

function expectCommitted(path: string, now: string): void {
  if (readFileSync(join(ROOT, path), 'utf8') === now) return;
  throw new Error(`${path} is not what the code makes of it now. Run \`npm run docs\` and commit what it writes.`);
}

describe('what is generated and committed is what the code makes now', () => {
  it('docs/openapi.json', () => {
    expectCommitted('docs/openapi.json', `${JSON.stringify(document, null, 2)}\n`);
  });

  it('the Postman collection and its environment', () => {
    const source = join(directory, 'openapi.json');
    writeFileSync(source, JSON.stringify(document));
    execFileSync(process.execPath, [join(ROOT, 'scripts/postman.mjs'), source, directory]);
    for (const kind of ['collection', 'environment']) {
      const name = `photovault.postman_${kind}.json`;
      expectCommitted(`postman/${name}`, readFileSync(join(directory, name), 'utf8'));
    }
  });

  it('what the typed client knows of the API', () => {
    const source = join(directory, 'openapi.json');
    writeFileSync(source, JSON.stringify(document));
    execFileSync(process.execPath, [join(ROOT, 'scripts/client.mjs'), source, directory]);
    for (const name of ['schema.d.ts', 'operations.ts']) {
      expectCommitted(`client/${name}`, readFileSync(join(directory, name), 'utf8'));
    }
  });
});

describe('the whole journey of the Postman collection is not made of an API that it does not fit', () => {
  type Changing = Record<string, Record<string, Operation & { requestBody?: object }>>;
  const changes: readonly (readonly [string, (paths: Changing) => void, string])[] = [
    ['an operation that is gone', (paths) => delete paths['/api/v1/trash/restore']?.post, 'restore'],
    ['a status that is not answered', (paths) => delete paths['/api/v1/users']?.post?.responses['202'], '202'],
    ['a body without its fields', (paths) => delete paths['/api/v1/folders']?.post?.requestBody, 'name'],
    [
      'another name in a path',
      (paths) => paths['/api/v1/folders/{id}/lock']?.put && (paths['/api/v1/folders/{id}/lock'].put.parameters = []),
      'lockFolder takes no names',
    ],
  ];
  it.each(changes)('%s', (_what, change, complaint) => {
    const changed = structuredClone(document);
    change(changed.paths as unknown as Changing);
    const source = join(directory, 'changed.json');
    writeFileSync(source, JSON.stringify(changed));
    const { status, stderr } = spawnSync(process.execPath, [join(ROOT, 'scripts/postman.mjs'), source, directory]);
    expect(status).not.toBe(0);
    expect(stderr.toString()).toMatch(new RegExp(`Error: "[^"]+" in scripts/postman-journey.mjs: .*${complaint}`));
  });
});

describe('the OpenAPI document speaks to a person', () => {
  it('of every parameter and every answer', () => {
    const silent = operations().filter(({ parameters, responses }) =>
      [...parameters, ...Object.values(responses)].some(({ description }) => !description),
    );
    expect(silent.map(({ operationId }) => operationId)).toEqual([]);
  });

  it('of every tag, and of no tag that nothing has', () => {
    const described = (document.tags ?? []).filter(({ description }) => description).map(({ name }) => name);
    expect(new Set(operations().flatMap(({ tags }) => tags))).toEqual(new Set(described));
  });
});
