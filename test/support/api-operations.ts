import type { TestApp } from './test-app';

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
}

interface Schema {
  readonly $ref?: string;
  readonly properties?: Record<string, { readonly example?: unknown }>;
}

interface DocumentedOperation {
  readonly operationId: string;
  readonly security?: readonly object[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Record<string, { readonly schema: Schema }> };
}

/** One operation of the API as its own document describes it. */
export interface ApiOperation {
  readonly operationId: string;
  readonly method: string;
  /** As `VaultClient` wants it, with `{name}` where a parameter stands. */
  readonly path: string;
  readonly isPublic: boolean;
  /** For visitors of a share; neither public nor the owner's. */
  readonly isVisitors: boolean;
  /** Names of the parameters that hold an id. */
  readonly ids: readonly Parameter[];
  /** A JSON body made of the document's examples, where the operation takes one. */
  readonly json?: object;
}

/** Every operation of the running vault's OpenAPI document, so that a new route is met by old tests. */
export async function apiOperations(vault: TestApp): Promise<ApiOperation[]> {
  const { body: document } = await vault.stranger().request<{
    paths: Record<string, Record<string, DocumentedOperation>>;
    components: { schemas: Record<string, Schema> };
  }>('GET', '//openapi.json');
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): ApiOperation => {
      const schema = operation.requestBody?.content['application/json']?.schema;
      const { properties } = document.components.schemas[schema?.$ref?.split('/').at(-1) ?? ''] ?? schema ?? {};
      return {
        operationId: operation.operationId,
        method: method.toUpperCase(),
        path: `/${path}`,
        isPublic: !operation.security,
        isVisitors: operation.security?.some((each) => 'share' in each) ?? false,
        ids: (operation.parameters ?? []).filter(({ name }) => isId(name)),
        ...(properties && { json: Object.fromEntries(Object.entries(properties).map(([key, p]) => [key, p.example])) }),
      };
    }),
  );
}

/** An operation's address with this id for all of its ids. */
export function addressOf({ path, ids }: ApiOperation, id: string): string {
  const encoded = encodeURIComponent(id);
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => (isId(name) ? encoded : 'photo.jpg'));
  const query = ids.filter((each) => each.in === 'query').map(({ name }) => `${name}=${encoded}`);
  return query.length > 0 ? `${filled}?${query.join('&')}` : filled;
}

function isId(name: string): boolean {
  return /^id$|Id$/.test(name);
}
