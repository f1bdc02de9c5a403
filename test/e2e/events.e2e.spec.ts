import { type SecurityEvent, SecurityLog } from '../../src/users/events/security-log.service';
import { expectProblem } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';
import type { Answer, VaultClient } from '../support/vault-client';

interface EventBody {
  id: string;
  kind: string;
  createdAt: string;
  ip: string | null;
  device: string | null;
}

type Page = { items: EventBody[]; nextCursor: string | null };

let vault: TestApp;
let alice: VaultClient;
let bob: VaultClient;

beforeAll(async () => {
  vault = await startTestApp();
  [alice, bob] = [await vault.signUp('alice@example.com', 'laptop'), await vault.signUp()];
});
afterAll(() => vault.close());

async function record(person: VaultClient, event: Omit<SecurityEvent, 'userId'>, times = 1): Promise<void> {
  const log = vault.app.get(SecurityLog, { strict: false });
  for (let i = 0; i < times; i++) await log.record({ userId: person.userId ?? '', ...event });
}

async function events(person: VaultClient, query = ''): Promise<Answer<Page>> {
  return person.request<Page>('GET', `/users/me/events${query}`);
}

async function walk(person: VaultClient, limit: number): Promise<EventBody[]> {
  const met: EventBody[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const { status, body }: Answer<Page> = await events(person, `?limit=${limit}${cursor && `&cursor=${cursor}`}`);
    expect(status).toBe(200);
    expect(body.items.length).toBeLessThanOrEqual(limit);
    met.push(...body.items);
    cursor = body.nextCursor;
  }
  return met;
}

describe('the security log', () => {
  it('needs a session', async () => {
    expectProblem(await events(vault.stranger()), { status: 401, code: 'AUTH.SESSION_REQUIRED' });
  });

  it('is each person’s own', async () => {
    await record(alice, { kind: 'pin.wrong', ip: '192.0.2.1', device: 'only Alice’s' });
    expect((await walk(alice, 200)).map(({ device }) => device)).toContain('only Alice’s');
    expect((await walk(bob, 200)).map(({ device }) => device)).not.toContain('only Alice’s');
  });

  it('is the same for a person whatever cursor of another’s they bring', async () => {
    await record(bob, { kind: 'pin.wrong' }, 3);
    const { nextCursor } = (await events(bob, '?limit=1')).body;
    const own = new Set((await walk(alice, 200)).map(({ id }) => id));
    const { status, body } = await events(alice, `?cursor=${nextCursor}`);
    expect(status).toBe(200);
    expect(body.items.every(({ id }) => own.has(id))).toBe(true);
  });

  it('begins with how the account and its session came to be', async () => {
    const carol = await vault.signUp('carol@example.com', 'carols-laptop');
    const items = await walk(carol, 200);
    const kinds = items.map(({ kind }) => kind);
    expect(kinds).toEqual(expect.arrayContaining(['account.created', 'session.started']));
    expect(items.find(({ kind }) => kind === 'session.started')).toMatchObject({
      ip: '127.0.0.1',
      device: 'carols-laptop',
    });
  });

  it('says of an event what it was, when, from where and on which device, and nothing else', async () => {
    const before = Date.now();
    await record(alice, { kind: 'device.new', ip: '2001:db8::7', device: 'Alice’s phone' });
    const [event] = (await events(alice, '?limit=1')).body.items;
    expect(event).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      kind: 'device.new',
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/) as string,
      ip: '2001:db8::7',
      device: 'Alice’s phone',
    });
    expect(Math.abs(Date.parse(event?.createdAt ?? '') - before)).toBeLessThan(60_000);
  });

  it('comes in pages of 50, the newest first', async () => {
    const dave = await vault.signUp();
    await record(dave, { kind: 'pin.wrong' }, 60);
    const { items, nextCursor } = (await events(dave)).body;
    expect(items).toHaveLength(50);
    expect(nextCursor).toMatch(/^[\w-]+$/);
    const times = items.map(({ createdAt }) => createdAt);
    expect(times).toEqual([...times].sort().reverse());
  });

  it.each([1, 7, 60, 200])('is met whole and once in pages of %i', async (limit) => {
    const person = await vault.signUp();
    await record(person, { kind: 'pin.wrong' }, 60);
    const rows = await vault.database.query<{ id: string }>(
      'SELECT id FROM security_events WHERE user_id = $1 ORDER BY created_at DESC, id DESC',
      [person.userId],
    );
    expect((await walk(person, limit)).map(({ id }) => id)).toEqual(rows.map(({ id }) => id));
    expect(rows.length).toBeGreaterThanOrEqual(60);
  });

  it('has no page after a last one that is just full', async () => {
    const { items } = (await events(alice, '?limit=200')).body;
    const { body } = await events(alice, `?limit=${items.length}`);
    expect(body.items).toHaveLength(items.length);
    expect(body.nextCursor).toBeNull();
  });

  it.each([
    'limit=0',
    'limit=201',
    'limit=x',
    'limit=',
    'cursor=',
    'cursor=next',
    'cursor=a&cursor=b',
    'kind=x',
    'userId=x',
  ])('is not asked for with %s', async (query) => {
    expectProblem(await events(alice, `?${query}`), { status: 422, code: 'REQUEST.INVALID' });
  });

  it('is only read', async () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      expectProblem(await alice.request(method, '/users/me/events', { json: {} }), { status: [404, 405] });
    }
  });
});
