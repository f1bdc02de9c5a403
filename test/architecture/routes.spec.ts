import { randomUUID } from 'node:crypto';
import { Reflector } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host';
import { SessionGuard } from '../../src/auth/session.guard';
import { SessionsService } from '../../src/auth/sessions/sessions.service';
import { AppConfig } from '../../src/platform/config/app-config';
import { newToken } from '../../src/platform/crypto/tokens';
import { ACCESS, type AccessLabel } from '../../src/platform/http/access.decorator';
import { SharedFilesController } from '../../src/shares/visits/shared-files.controller';
import { ServerInfoController } from '../../src/platform/health/server-info.controller';
import { expressRoutesOf, type Handler, handlersOf, servedStatically } from '../support/routes';
import { startTestApp, type TestApp } from '../support/test-app';

/** Every door without a lock. A route is added here by a person who has thought about it. */
const PUBLIC = [
  'GET /api/v1/server',
  'GET /health/live',
  'GET /health/ready',
  'GET /s/:id',
  'GET /s/assets/:name',
  'POST /api/v1/auth/pin',
  'POST /api/v1/auth/sessions',
  'POST /api/v1/shares/:id/open',
  'POST /api/v1/users',
];

/** What Express answers without a controller of ours, and why. */
const WITHOUT_CONTROLLER = new Map([
  ['GET /openapi.json', 'the OpenAPI document'],
  ['GET /docs', 'Swagger UI'],
  ['GET /docs/', 'Swagger UI'],
  ['GET /docs/index.html', 'Swagger UI'],
  ['GET /docs/swagger-ui-init.js', 'Swagger UI'],
  ['GET /docs/docs/swagger-ui-init.js', 'Swagger UI, for a page opened with a slash at its end'],
  ['GET /docs/LICENSE', "Swagger UI's licence"],
  ['ALL /health/live', "Nest's 404 for other methods of a route outside of the prefix"],
  ['ALL /health/ready', "Nest's 404 for other methods of a route outside of the prefix"],
  ['ALL /s/:id', "Nest's 404 for other methods of a route outside of the prefix"],
  ['ALL /s/assets/:name', "Nest's 404 for other methods of a route outside of the prefix"],
]);

let vault: TestApp;
let handlers: Handler[];

beforeAll(async () => {
  vault = await startTestApp();
  handlers = handlersOf(vault.app);
});
afterAll(() => vault.close());

describe('every route says who may enter', () => {
  it('by an explicit label on the method or its class', () => {
    expect(handlers.length).toBeGreaterThan(10);
    expect(handlers.filter(({ access }) => access === undefined)).toEqual([]);
  });

  it('and the public ones are those that are meant to be', () => {
    const open = handlers.filter(({ access }) => access === 'public').map(({ route }) => route);
    expect(open.sort()).toEqual(PUBLIC);
  });

  it('and a route that has lost its label is closed', async () => {
    const handler = Object.getOwnPropertyDescriptor(ServerInfoController.prototype, 'info')?.value as object;
    const label: unknown = Reflect.getMetadata(ACCESS, handler);
    Reflect.deleteMetadata(ACCESS, handler);
    try {
      expect((await vault.stranger().request('GET', '/server')).status).toBe(401);
    } finally {
      Reflect.defineMetadata(ACCESS, label, handler);
    }
    expect((await vault.stranger().request('GET', '/server')).status).toBe(200);
  });

  it('and a visitors’ route whose own guard has not let anybody in is shut by the guard of the sessions', async () => {
    const { app } = vault;
    const guard = new SessionGuard(app.get(AppConfig), app.get(Reflector), app.get(SessionsService, { strict: false }));
    const handler = Object.getOwnPropertyDescriptor(SharedFilesController.prototype, 'list')?.value as () => unknown;
    const knockAs = (request: object) =>
      guard.canActivate(new ExecutionContextHost([{ headers: {}, ...request }], SharedFilesController, handler));
    await expect(knockAs({})).rejects.toMatchObject({ definition: { code: 'AUTH.SESSION_REQUIRED' } });
    expect(await knockAs({ visitor: { shareId: randomUUID(), sessionId: randomUUID() } })).toBe(true);
  });
});

describe('every door with a lock', () => {
  /** Knocks with headers on every route that needs a session, or a visit; the answers, without what differs from request to request. */
  async function knock(label: AccessLabel, headers: Record<string, string>): Promise<Map<string, unknown>> {
    const answers = new Map<string, unknown>();
    for (const { route } of handlers.filter(({ access }) => access === label)) {
      const [method, path] = route.split(' ') as [string, string];
      const address = `/${path.replace(/:\w*[iI]d\b/g, () => randomUUID()).replace(':name', 'photo.jpg')}`;
      const { status, headers: answered, body } = await vault.stranger().request(method, address, { headers });
      const [contentType, challenge] = [answered.get('content-type'), answered.get('www-authenticate')];
      answers.set(route, { status, contentType, challenge, body: { ...body, requestId: typeof body.requestId } });
    }
    return answers;
  }

  const refusal = (body: object) => ({
    status: 401,
    contentType: 'application/problem+json; charset=utf-8',
    challenge: 'Bearer',
    body,
  });
  const problem = refusal({
    type: 'urn:photovault:error:AUTH.SESSION_REQUIRED',
    title: 'A live session is needed: sign in first.',
    status: 401,
    code: 'AUTH.SESSION_REQUIRED',
    requestId: 'string',
  });
  const ofHead = refusal({ requestId: 'undefined' });

  const strangers: [how: string, headers: Record<string, string>][] = [
    ['without credentials', {}],
    ['with a token of another form', { authorization: 'Bearer x' }],
    ['with a token that nobody was given', { authorization: `Bearer ${newToken('pvs').text}` }],
    ['with a visitor’s token that nobody was given', { authorization: `Bearer ${newToken('pvv').text}` }],
    ['with another scheme', { authorization: 'Basic YWxpY2U6MTIzNA==' }],
    ['with the token in a place where none belongs', { cookie: 'session=pvs_x', 'x-access-token': 'pvs_x' }],
  ];

  it.each(strangers)('stays shut %s, with one answer everywhere', async (_how, headers) => {
    const answers = await knock('session', headers);
    expect(answers.size).toBeGreaterThan(5);
    const expected = [...answers.keys()].map((route) => [route, route.startsWith('HEAD ') ? ofHead : problem]);
    expect([...answers]).toEqual(expected);
  });

  it.each(strangers)('for visitors stays shut %s, like a share that there is not', async (_how, headers) => {
    const answers = await knock('share', headers);
    expect(answers.size).toBeGreaterThan(3);
    const notFound = {
      status: 404,
      contentType: 'application/problem+json; charset=utf-8',
      challenge: null,
      body: {
        type: 'urn:photovault:error:SHARE.NOT_FOUND',
        title: 'There is no such share.',
        status: 404,
        code: 'SHARE.NOT_FOUND',
        requestId: 'string',
      },
    };
    expect([...answers.values()]).toEqual([...answers].map(() => notFound));
  });

  it('is one of these two: no route has another label', () => {
    const labels = new Set(handlers.map(({ access }) => access));
    expect([...labels].sort()).toEqual(['public', 'session', 'share']);
  });
});

describe('what is served beside the controllers', () => {
  it('is on a short list', () => {
    const ours = new Set(handlers.map(({ route }) => route));
    const beside = expressRoutesOf(vault.app).filter((route) => !ours.has(route));
    expect(beside.sort()).toEqual([...WITHOUT_CONTROLLER.keys()].sort());
    expect(expressRoutesOf(vault.app)).toEqual(expect.arrayContaining([...ours]));
  });

  it("is no directory but Swagger UI's own", () => {
    const candidates = ['/', '/data', '/uploads/photo.jpg', '/api/v1/files', '/blobs', '/docs/swagger-ui.css'];
    expect(servedStatically(vault.app, candidates)).toEqual(['/docs/swagger-ui.css']);
  });

  it.each(['GET /api/v1/nothing', 'POST /health/live', 'GET /', 'GET /nothing', 'POST /docs', 'GET /docs/nothing'])(
    'is nothing at %s, and a problem says so',
    async (route) => {
      const [method, path] = route.split(' ') as [string, string];
      const { status, headers, body } = await vault.stranger().request(method, `/${path}`);
      expect({ status, type: headers.get('content-type'), code: body.code }).toEqual({
        status: 404,
        type: 'application/problem+json; charset=utf-8',
        code: 'ROUTE.NOT_FOUND',
      });
    },
  );
});
