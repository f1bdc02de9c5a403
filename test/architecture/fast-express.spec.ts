import type { IncomingMessage, ServerResponse } from 'node:http';
import { startTestApp, type TestApp } from '../support/test-app';

let vault: TestApp;

beforeAll(async () => {
  vault = await startTestApp();
});
afterAll(() => vault.close());

/** The prototypes of a request and its response, before Express has seen them and after it has begun to handle them. */
async function prototypes(): Promise<{ before: unknown[]; after: unknown[] }> {
  const server = vault.app.getHttpServer();
  const seen = { before: [] as unknown[], after: [] as unknown[] };
  const look = (into: unknown[]) => (request: IncomingMessage, response: ServerResponse) =>
    into.push(Object.getPrototypeOf(request), Object.getPrototypeOf(response));
  const [first, last] = [look(seen.before), look(seen.after)];
  server.prependListener('request', first).on('request', last);
  expect((await vault.stranger().request('GET', '/server')).status).toBe(200);
  server.off('request', first).off('request', last);
  return seen;
}

// docs/decisions/0003: the speed of every route hangs on this, and nothing else would notice that it is gone.
describe('FastExpressAdapter', () => {
  it('gives requests and responses the prototype that Express is about to set, so that its call changes nothing', async () => {
    const express = vault.app.getHttpAdapter().getInstance() as unknown as { request: object; response: object };
    const { before, after } = await prototypes();
    expect(before[0] === express.request && before[1] === express.response).toBe(true);
    expect(after[0] === express.request && after[1] === express.response).toBe(true);
  });

  it('leaves everything that Express adds to a request and a response', async () => {
    const express = vault.app.getHttpAdapter().getInstance() as unknown as { request: object; response: object };
    for (const name of ['get', 'ip', 'protocol', 'query', 'fresh', 'app']) expect(name in express.request).toBe(true);
    for (const name of ['status', 'set', 'type', 'send', 'app']) expect(name in express.response).toBe(true);
    const alice = await vault.signUp();
    const { body } = await alice.request<{ items: { ip: string }[] }>('GET', '/auth/sessions');
    expect(body.items[0]?.ip).toMatch(/127\.0\.0\.1$/);
  });
});
