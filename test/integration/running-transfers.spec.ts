import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { SessionsService } from '../../src/auth/sessions/sessions.service';
import { FolderAccess } from '../../src/folders/access/folder-access.service';
import { parseToken } from '../../src/platform/crypto/tokens';
import { lock, newFolder, unlock } from '../support/folders';
import { startTestApp, type TestApp } from '../support/test-app';
import type { VaultClient } from '../support/vault-client';
import { eventually } from '../support/waiting';

let vault: TestApp;
let alice: VaultClient;
let sessionId: string;

beforeAll(async () => {
  vault = await startTestApp();
  alice = await vault.signUp();
  const [session] = await vault.database.query<{ id: string }>('SELECT id FROM sessions WHERE user_id = $1', [
    alice.userId,
  ]);
  sessionId = session?.id ?? '';
});
afterAll(() => vault.close());
afterEach(() => jest.restoreAllMocks());

const ageOf = async (table: string, column: string, where: string) => {
  const [row] = await vault.database.query<{ age: number }>(
    `SELECT extract(epoch FROM clock_timestamp() - ${column})::float AS age FROM ${table} WHERE ${where}`,
  );
  return row?.age ?? NaN;
};

describe('a transfer that takes its time', () => {
  it('keeps its session from ending for want of use, and no longer than it runs', async () => {
    const sessions = vault.app.get(SessionsService, { strict: false });
    const timers = jest.spyOn(global, 'setInterval');
    sessions.onModuleInit();
    const [look, ms] = timers.mock.calls[0] ?? [];
    expect(ms).toBe(30_000);
    if (!look) throw new Error('nothing looks at what is running');

    const response = Object.assign(new EventEmitter(), { closed: false });
    const live = { id: sessionId, userId: alice.userId ?? '', device: '', stale: false, fresh: false };
    const age = () => ageOf('sessions', 'last_seen_at', `id = '${sessionId}'`);
    const makeStale = () =>
      vault.database.query(
        `UPDATE sessions SET last_seen_at = clock_timestamp() - interval '2 minutes' WHERE id = $1`,
        [sessionId],
      );
    sessions.noteUse(live, response as unknown as ServerResponse);
    sessions.noteUse(live, response as unknown as ServerResponse);
    await makeStale();
    look();
    await eventually('its use is written down', async () => (await age()) < 60);

    response.emit('close');
    await makeStale();
    look();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await age()).toBeGreaterThan(100);
    await sessions.onApplicationShutdown();
  });

  it('keeps its folder from being locked for want of use, while blocks flow', async () => {
    const folderId = await newFolder(alice, 'slow');
    await lock(alice, folderId);
    await unlock(alice, folderId);
    const access = vault.app.get(FolderAccess, { strict: false });
    const token = parseToken('pvs', alice.token ?? '') ?? Buffer.alloc(0);
    const principal = { userId: alice.userId ?? '', sessionId, token, device: '', fresh: false };
    const folder = await access.keyFor(principal, folderId);
    await vault.database.query(
      `UPDATE unlock_grants SET last_used_at = last_used_at - interval '10 minutes', idle_expires_at = idle_expires_at - interval '10 minutes'`,
    );
    const age = () => ageOf('unlock_grants', 'last_used_at', `folder_id = '${folderId}'`);
    const began = Date.now();
    const seen: number[] = [];
    async function* blocks() {
      for (const seconds of [0, 10, 29, 31]) {
        jest.spyOn(Date, 'now').mockReturnValue(began + seconds * 1000);
        yield Buffer.from([seconds]);
        await new Promise((resolve) => setTimeout(resolve, 100));
        seen.push(Math.round((await age()) / 600));
      }
    }
    const passed: number[] = [];
    for await (const [byte] of access.during(folder, blocks())) passed.push(byte ?? -1);
    expect(passed).toEqual([0, 10, 29, 31]);
    expect(seen).toEqual([1, 1, 1, 0]);
  });
});
