import type { OpenAPIObject } from '@nestjs/swagger';
import { definedErrors } from '../../src/platform/errors/error-registry';
import { handlersOf } from '../support/routes';
import { startTestApp, type TestApp } from '../support/test-app';

type PathItem = OpenAPIObject['paths'][string];
type Operation = NonNullable<PathItem['get']>;
type ResponseObject = Exclude<Operation['responses'][string], { $ref: string } | undefined>;
type Schema = Exclude<NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>[string], { $ref: string }>;
type Parameter = Exclude<NonNullable<Operation['parameters']>[number], { $ref: string }>;

const PROBLEM = 'application/problem+json';
const METHODS = ['get', 'put', 'post', 'delete', 'patch', 'head', 'options'] as const;

/** Errors that belong to no operation. */
const ANYWHERE = new Map([
  ['ROUTE.NOT_FOUND', 'there is no operation at such an address'],
  ['REQUEST.EXPECTATION_FAILED', 'Node asks about the header Expect before it hands the request over'],
  ['REQUEST.HEADERS_TOO_LARGE', 'the headers are refused before the operation is known'],
]);

let vault: TestApp;
let document: OpenAPIObject;
let operations: { name: string; route: string; operation: Operation }[];

beforeAll(async () => {
  vault = await startTestApp();
  const answer = await vault.stranger().request('GET', '//openapi.json');
  document = answer.body as unknown as OpenAPIObject;
  operations = Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method];
      const route = `${method.toUpperCase()} ${path}`;
      return operation ? [{ name: operation.operationId ?? route, route, operation }] : [];
    }),
  );
});
afterAll(() => vault.close());

/** What is wrong with which operation: expected to be empty. */
function complaints(check: (operation: Operation, route: string) => readonly string[]): string[] {
  return operations.flatMap(({ name, route, operation }) =>
    check(operation, route).map((problem) => `${name}: ${problem}`),
  );
}

function resolve(schema: object): Schema {
  const reference = (schema as { $ref?: string }).$ref?.split('/').at(-1);
  return (reference === undefined ? schema : document.components?.schemas?.[reference]) as Schema;
}

/** The properties of a body without an example: a default is one, an object's own properties need theirs. */
function withoutExample(schema: object, path: string): string[] {
  const resolved = resolve(schema);
  const { format, allOf, properties, type, items } = resolved;
  if (resolved.example !== undefined || resolved.default !== undefined || format === 'binary') return [];
  const inner = Object.entries(properties ?? {}).flatMap(([name, each]) => withoutExample(each, `${path}.${name}`));
  if (allOf) return [...allOf.flatMap((each) => withoutExample(each, path)), ...inner];
  if (properties) return inner;
  if (type === 'array' && items) return withoutExample(items, `${path}[]`);
  return [path];
}

function contentOf(body: unknown): { schema: object }[] {
  return Object.values((body as { content?: Record<string, { schema: object }> } | undefined)?.content ?? {});
}

/** Codes that an operation says it can answer with a status, or with any. */
function codesOf(operation: Operation, status?: string): string[] {
  return Object.entries(operation.responses)
    .filter(([each]) => status === undefined || each === status)
    .flatMap(([, response]) => Object.keys((response as ResponseObject).content?.[PROBLEM]?.examples ?? {}));
}
describe('the OpenAPI document', () => {
  it('has every route that has a handler, and no other', () => {
    const documented = operations.map(({ route }) => route.replace(/\{(\w+)\}/g, ':$1'));
    expect(documented.sort()).toEqual(
      handlersOf(vault.app)
        .map(({ route }) => route)
        .sort(),
    );
  });

  it('gives every operation an id of its own, a summary and a tag', () => {
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => !/^[a-z][A-Za-z]+$/.test(id ?? ''))).toEqual([]);
    expect(complaints(({ summary }) => (summary ? [] : ['no summary']))).toEqual([]);
    expect(complaints(({ tags }) => (tags?.length === 1 ? [] : ['not exactly one tag']))).toEqual([]);
  });

  it('shows what success looks like', () => {
    const problems = complaints((operation, route) => {
      const successes = Object.entries(operation.responses).filter(([status]) => /^2/.test(status));
      if (successes.length === 0) return ['no success'];
      return successes.flatMap(([status, response]) => {
        const contents = contentOf(response);
        const bodiless = status === '204' || route.startsWith('HEAD ');
        if (bodiless) return contents.length === 0 ? [] : [`${status} has a body`];
        if (contents.length === 0) return [`${status} has no body`];
        return contents.flatMap(({ schema }) => withoutExample(schema, `${status} body`));
      });
    });
    expect(problems).toEqual([]);
  });

  it('gives an example of everything that can be sent', () => {
    const problems = complaints((operation) => [
      ...((operation.parameters ?? []) as Parameter[]).flatMap(({ name, in: where, schema, ...parameter }) =>
        parameter.example === undefined && withoutExample(schema ?? {}, '').length > 0 ? [`${where} ${name}`] : [],
      ),
      ...contentOf(operation.requestBody).flatMap(({ schema }) => withoutExample(schema, 'body')),
    ]);
    expect(problems).toEqual([]);
  });

  it('names no header that clients send anyway', () => {
    const problems = complaints(({ parameters }) =>
      ((parameters ?? []) as Parameter[])
        .filter(({ in: where, name }) => where === 'header' && /^(user-agent|authorization|cookie)$/i.test(name))
        .map(({ name }) => name),
    );
    expect(problems).toEqual([]);
  });

  it('says that a session is needed where one is, and 401 AUTH.SESSION_REQUIRED exactly there', () => {
    const labels = new Map(handlersOf(vault.app).map(({ route, access }) => [route, access]));
    const problems = complaints((operation, route) => {
      const needed = labels.get(route.replace(/\{(\w+)\}/g, ':$1')) === 'session';
      const said = JSON.stringify(operation.security) === '[{"session":[]}]';
      const answered = codesOf(operation, '401').includes('AUTH.SESSION_REQUIRED');
      return [
        ...(needed === said ? [] : [`needs a session: ${needed}, says so: ${said}`]),
        ...(needed === answered ? [] : [`needs a session: ${needed}, answers 401: ${answered}`]),
      ];
    });
    expect(problems).toEqual([]);
  });
});

describe('the errors of the OpenAPI document', () => {
  it('are those of the registry, each under its own status', () => {
    const statusOf = new Map(definedErrors().map(({ code, status }) => [code, String(status)]));
    const problems = complaints((operation) =>
      Object.keys(operation.responses).flatMap((status) =>
        codesOf(operation, status).filter((code) => statusOf.get(code) !== status),
      ),
    );
    expect(problems).toEqual([]);
  });

  it('have a code and an example wherever a status is one of failure', () => {
    const problems = complaints((operation) =>
      Object.keys(operation.responses).filter((status) => /^[45]/.test(status) && !codesOf(operation, status).length),
    );
    expect(problems).toEqual([]);
  });

  it('are all there: what no operation can answer is explained', () => {
    const documented = new Set(operations.flatMap(({ operation }) => codesOf(operation)));
    const missing = definedErrors().filter(({ code }) => !documented.has(code));
    expect(missing.map(({ code }) => code).sort()).toEqual([...ANYWHERE.keys()].sort());
  });

  it('include what any JSON body can run into', () => {
    const problems = complaints((operation) => {
      const { content } = (operation.requestBody ?? {}) as { content?: Record<string, unknown> };
      if (!content?.['application/json']) return [];
      const codes = new Set(codesOf(operation));
      return ['REQUEST.MALFORMED', 'REQUEST.INVALID', 'REQUEST.TOO_LARGE', 'REQUEST.TOO_SLOW'].filter(
        (code) => !codes.has(code),
      );
    });
    expect(problems).toEqual([]);
  });

  it('include 429 wherever requests are counted, which is everywhere but where health is asked after', () => {
    const uncounted = operations.filter(({ operation }) => !codesOf(operation, '429').includes('REQUEST.TOO_MANY'));
    expect(uncounted.map(({ name }) => name).sort()).toEqual(['isLive', 'isReady']);
  });
});

/** What costs a slow hash, and so more than other requests. */
const HASHING = ['changeFolderPassword', 'createShare', 'lockFolder', 'unlockFolder'];
/** What reads every row of an account. */
const EXPORTING = ['getExport', 'headExport'];

describe('the rate limits in the OpenAPI document', () => {
  const headersOf = (response: unknown): string[] => Object.keys((response as ResponseObject).headers ?? {});

  it('are headers of every counted operation’s good answers and of its 429, each explained with an example', () => {
    const problems = complaints((operation, route) =>
      Object.entries(operation.responses).flatMap(([status, response]) => {
        const counted = !route.includes('/health/') && /^(2..|304|429)$/.test(status);
        const names = ['RateLimit', 'RateLimit-Policy', ...(status === '429' ? ['Retry-After'] : [])];
        return names
          .filter((name) => headersOf(response).includes(name) !== counted)
          .map((name) => `${status} ${name}`);
      }),
    );
    expect(problems).toEqual([]);
    const { headers } = document.components ?? {};
    expect(Object.keys(headers ?? {}).sort()).toEqual(['RateLimit', 'RateLimit-Policy', 'Retry-After']);
    expect(JSON.stringify(headers)).toContain('"session\\";r=');
  });

  it('weigh nothing that a session asks but what hashes a password or exports all, so that 5,000 requests a minute are far below the default limit', () => {
    const heavy = operations.filter(({ operation }) => operation.security && 'x-rate-weight' in operation);
    expect(heavy.map(({ name }) => name).sort()).toEqual([...HASHING, ...EXPORTING].sort());
  });
});
