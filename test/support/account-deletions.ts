import { withClient } from '../../src/platform/database/open-database';
import type { TestDatabase } from './database';
import type { Answer, VaultClient } from './vault-client';
import { eventually } from './waiting';

/** Asks for the end of an account, with its address or what is typed in its place. */
export async function askToDelete(client: VaultClient, email = client.email): Promise<Answer> {
  return client.request('POST', '/users/me/deletion', { json: { email } });
}

/** @throws when it is refused */
export async function deleteAccount(client: VaultClient): Promise<void> {
  const { status, body } = await askToDelete(client);
  if (status !== 202) throw new Error(`a deletion was answered ${status}: ${JSON.stringify(body)}`);
}

/** How far the deletion of an account has come; null when there is none, or it is at its end. */
export async function stageOf(database: Pick<TestDatabase, 'query'>, userId = ''): Promise<string | null> {
  const sql = 'SELECT stage FROM account_deletions WHERE user_id = $1';
  return (await database.query<{ stage: string }>(sql, [userId]))[0]?.stage ?? null;
}

export async function untilDeleted(database: Pick<TestDatabase, 'query'>, { userId }: VaultClient): Promise<void> {
  const isDeleted = async () => (await stageOf(database, userId)) === null;
  // Longer than the next round of whoever goes on with it may take.
  await eventually('the deletion is at its end', isDeleted, 60_000);
}

/** Does something while nobody can go on with the deletion of an account: its lock is held, as another process would. */
export async function whileHeld<T>(database: TestDatabase, userId: string, work: () => Promise<T>): Promise<T> {
  return withClient(database.url, async (client) => {
    const name = `account-deletion ${userId}`;
    await client.query("SELECT pg_advisory_lock(hashtext('photovault'), hashtext($1))", [name]);
    try {
      return await work();
    } finally {
      // The end of a connection gives it back as well, but some time after this.
      await client.query("SELECT pg_advisory_unlock(hashtext('photovault'), hashtext($1))", [name]);
    }
  });
}
