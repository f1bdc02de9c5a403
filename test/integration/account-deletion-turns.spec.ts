import { mkdir, rm } from 'node:fs/promises';
import { DeletionMachine } from '../../src/account/deletion/deletion-machine.service';
import { deleteAccount, stageOf, untilDeleted, whileHeld } from '../support/account-deletions';
import { fakeOnly } from '../support/fake-time';
import { MailServer } from '../support/mail-server';
import { jpeg } from '../support/photos';
import { startTestApp, type TestApp } from '../support/test-app';
import { blobDirectory } from '../support/traces';
import type { VaultClient } from '../support/vault-client';
import { eventually } from '../support/waiting';

jest.setTimeout(120_000);

/** Many deletions at once: one that cannot go on keeps nobody else. Rounds come when the test says so. */
let vault: TestApp;
let mailbox: MailServer;
let people = 0;

beforeAll(async () => {
  fakeOnly(['setInterval', 'clearInterval']);
  mailbox = await MailServer.start();
  vault = await startTestApp({ SMTP_URL: mailbox.url });
});
afterAll(async () => {
  jest.useRealTimers();
  await vault.close();
  await mailbox.stop();
});

const nextRound = () => jest.advanceTimersByTime(30_000);
const faults = () => vault.logs.lines.filter((line) => /"level":(50|60)/.test(line));

async function newPerson(): Promise<VaultClient> {
  const client = vault.stranger();
  await client.signUp(`turn-${++people}@example.com`, 'laptop', (address) => mailbox.pinFor(address));
  await client.put('beach.jpg', jpeg(1000, `beach ${people}`));
  return client;
}

async function comesTo(client: VaultClient, stage: string): Promise<void> {
  await eventually(`it is ${stage}`, async () => (await stageOf(vault.database, client.userId)) === stage);
}

/** Closed by a process that has died right after. */
async function left(client: VaultClient): Promise<void> {
  await whileHeld(vault.database, client.userId ?? '', async () => {
    await deleteAccount(client);
    // The process that was asked has found the lock held.
    await new Promise((resolve) => setTimeout(resolve, 200));
  });
}

it('a round that waits for one account takes over the next ones all the same', async () => {
  const [stuck, bob] = [await newPerson(), await newPerson()];
  // An upload is under way, in a process that is still there.
  await vault.database.query(
    `INSERT INTO blobs (id, owner_id, file_id, kind, state, lease_expires_at)
     VALUES (gen_random_uuid(), $1, gen_random_uuid(), 0, 'pending', now() + interval '1 hour')`,
    [stuck.userId],
  );
  await left(stuck);
  nextRound();
  await comesTo(stuck, 'emptied');
  await left(bob);
  expect(await stageOf(vault.database, bob.userId)).toBe('closed');
  nextRound();
  await untilDeleted(vault.database, bob);
  expect(await stageOf(vault.database, stuck.userId)).toBe('emptied');
  await vault.database.query('UPDATE blobs SET lease_expires_at = now() WHERE owner_id = $1', [stuck.userId]);
  await untilDeleted(vault.database, stuck);
});

it('an object that cannot be removed is tried once in a round, and holds no turn', async () => {
  const stuck = await newPerson();
  const [blob] = await vault.database.query<{ id: string }>('SELECT id FROM blobs WHERE owner_id = $1', [stuck.userId]);
  const path = `${blobDirectory(vault, stuck.userId ?? '')}/${blob?.id.slice(-2)}/${blob?.id}`;
  await rm(path);
  await mkdir(path);
  await deleteAccount(stuck);
  await eventually('it has been tried', () => faults().length === 1);
  await new Promise((resolve) => setTimeout(resolve, 2500));
  expect(faults()).toHaveLength(1);
  expect(await stageOf(vault.database, stuck.userId)).toBe('emptied');
  await rm(path, { recursive: true });
  nextRound();
  await untilDeleted(vault.database, stuck);
  vault.logs.lines.splice(0);
});

it('mails that wait for their server do not keep the files of others', async () => {
  const clients: VaultClient[] = [];
  for (let n = 0; n < 7; n++) clients.push(await newPerson());
  await mailbox.stop();
  try {
    for (const client of clients) {
      await deleteAccount(client);
      await comesTo(client, 'removed');
    }
  } finally {
    await mailbox.startAgain();
  }
  for (const client of clients) {
    await untilDeleted(vault.database, client);
    expect(
      mailbox.mails.filter(
        ({ text, envelope }) => text.includes('was deleted') && envelope.to.includes(client.email ?? ''),
      ),
    ).toHaveLength(1);
  }
});

it('one that is asked for when everything has stopped is left to the next start', async () => {
  const machine = vault.app.get(DeletionMachine, { strict: false });
  const before = faults().length;
  await vault.app.close();
  machine.begin('0190a000-0000-7000-8000-000000000000');
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(faults()).toHaveLength(before);
});
