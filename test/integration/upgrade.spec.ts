import 'reflect-metadata';
import type { DataSource } from 'typeorm';
import { createDataSource } from '../../src/data-source';
import { createTestDatabase, type TestDatabase } from '../support/database';

/** What is in a database of an earlier version is there after the newest migrations, and means what it meant. */
let database: TestDatabase;
let dataSource: DataSource;

beforeAll(async () => {
  database = await createTestDatabase();
  dataSource = await createDataSource(database.url).initialize();
});
afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});

/** Undoes migrations until this one would be the next to run. */
async function goBackBefore(name: string): Promise<void> {
  const isRun = () => database.query('SELECT FROM migrations WHERE name = $1', [name]);
  while ((await isRun()).length > 0) await dataSource.undoLastMigration();
}

it('sessions live on with the idle time that they had, and are not fresh', async () => {
  await goBackBefore('GuardSignIn1763726400000');
  const user = '019ab0c4-5f6e-7a31-9c55-0d2f9b6f1e01';
  await database.query("INSERT INTO users (id, email_bidx, email_sealed) VALUES ($1, '\\x01', '\\x02')", [user]);
  await database.query(
    `INSERT INTO sessions (id, user_id, token_hash, device_id, created_at, last_seen_at, idle_expires_at, expires_at)
     VALUES (gen_random_uuid(), $1, '\\x03', 'laptop', now() - interval '1 hour', now(), now() + interval '30 minutes',
             now() + interval '1 day')`,
    [user],
  );
  await database.query(
    `INSERT INTO login_challenges (id, id_hash, email_bidx, device_hash, pin_mac, max_attempts, expires_at)
     VALUES (gen_random_uuid(), '\\x04', '\\x05', '\\x06', '\\x07', 3, now() + interval '5 minutes')`,
  );
  await dataSource.runMigrations();
  const sessions = await database.query(
    `SELECT idle_seconds, proved_at < now() - interval '59 minutes' AS old, wrong_proofs, trusted_device_id, ended_at FROM sessions`,
  );
  expect(sessions).toEqual([
    { idle_seconds: 1800, old: true, wrong_proofs: 0, trusted_device_id: null, ended_at: null },
  ]);
  expect(await database.query('SELECT FROM login_challenges')).toEqual([]);
});

it('the tables of locks are not dropped while a folder is locked: they hold the only keys to it', async () => {
  const [user, folder] = ['019ab0c4-5f6e-7a31-9c55-0d2f9b6f1e02', '019ab0c4-5f6e-7a31-9c55-0d2f9b6f1e03'];
  await database.query("INSERT INTO users (id, email_bidx, email_sealed) VALUES ($1, '\\x11', '\\x12')", [user]);
  await database.query("INSERT INTO folders (id, owner_id, name_bidx, name_sealed) VALUES ($1, $2, '\\x13', '\\x14')", [
    folder,
    user,
  ]);
  await expect(goBackBefore('LockFolders1763812800000')).rejects.toThrow('1 folder is locked');
  expect(await database.query('SELECT FROM folder_slots')).toEqual([]);
  await database.query("UPDATE folders SET fk_wrapped = '\\x15' WHERE id = $1", [folder]);
  await goBackBefore('LockFolders1763812800000');
  await dataSource.runMigrations();
});

it('disabled accounts are not forgotten: code that does not know of them would let everybody in again', async () => {
  const user = '019ab0c4-5f6e-7a31-9c55-0d2f9b6f1e04';
  await database.query(
    "INSERT INTO users (id, email_bidx, email_sealed, disabled_at) VALUES ($1, '\\x21', '\\x22', now())",
    [user],
  );
  await expect(goBackBefore('DisableUsers1764417600000')).rejects.toThrow('1 account is disabled');
  expect(await database.query('SELECT FROM users WHERE disabled_at IS NOT NULL')).toHaveLength(1);
  await database.query('UPDATE users SET disabled_at = NULL');
  await goBackBefore('DisableUsers1764417600000');
  await dataSource.runMigrations();
});
