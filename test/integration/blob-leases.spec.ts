import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import { BlobStore } from '../../src/platform/blobs/blob-store';
import { BlobKind } from '../../src/platform/crypto/contexts';
import { JobsService } from '../../src/platform/jobs/jobs.service';
import { LOGGER } from '../../src/platform/logging/logging.module';
import { BlobsRepository } from '../../src/vault/blobs.repository';
import { BlobSweeper } from '../../src/vault/blob-sweeper.service';
import { Reservations } from '../../src/vault/reservations.service';
import { VaultService } from '../../src/vault/vault.service';
import { stalled } from '../contracts/blob-store.contract';
import { fakeOnly } from '../support/fake-time';
import { newRoot } from '../support/rows';
import { startTestApp, type TestApp } from '../support/test-app';
import { eventually } from '../support/waiting';

let app: TestApp;
/** A vault of its own, whose clock for renewals stands still until it is told to go. */
let vault: VaultService;
let sweeper: BlobSweeper;
let ownerId: string;

beforeAll(async () => {
  app = await startTestApp();
  await app.app.get(JobsService).beforeApplicationShutdown();
  sweeper = app.app.get(BlobSweeper);
  ownerId = (await newRoot(app)).ownerId;
  fakeOnly(['setInterval', 'clearInterval']);
  const [store, blobs] = [app.app.get(BlobStore, { strict: false }), app.app.get(BlobsRepository, { strict: false })];
  vault = new VaultService(store, blobs, app.app.get(Reservations, { strict: false }), app.app.get<Logger>(LOGGER));
  vault.onModuleInit();
});
afterAll(async () => {
  vault.onApplicationShutdown();
  jest.useRealTimers();
  await app.close();
});

const expireAll = () => app.database.query("UPDATE blobs SET lease_expires_at = now() - interval '1 s'");
const count = async (where: string) => (await app.database.query(`SELECT FROM blobs WHERE ${where}`)).length;

it('a lease is renewed every 20 seconds while an upload is slow, and not after it', async () => {
  const slow = stalled(randomBytes(10));
  const identity = { ownerId, fileId: uuidv7(), kind: BlobKind.original };
  const put = vault.put(identity, randomBytes(32), slow.source);
  await slow.begun;
  for (let round = 0; round < 3; round++) {
    await expireAll();
    jest.advanceTimersByTime(20_000);
    const isRenewed = async () => (await count("lease_expires_at > now() + interval '30 s'")) === 1;
    await eventually('the lease is renewed', isRenewed);
    await sweeper.sweep();
    expect(await count("state = 'pending'")).toBe(1);
  }
  slow.end();

  vault.settled(await put);
  await expireAll();
  jest.advanceTimersByTime(60_000);
  await sweeper.sweep();
  expect(await count('true')).toBe(0);
});

it.each([
  ['that a sweeper has taken', "UPDATE blobs SET state = 'deleting' WHERE state = 'pending'"],
  ['whose account was closed', 'UPDATE users SET email_bidx = NULL, email_sealed = NULL'],
])('an upload %s has its lease renewed no more, and ends with its next byte', async (_, doomed) => {
  const slow = stalled(randomBytes(10));
  const put = vault.put({ ownerId, fileId: uuidv7(), kind: BlobKind.original }, randomBytes(32), slow.source);
  const refused = expect(put).rejects.toMatchObject({ definition: { code: 'UPLOAD.INTERRUPTED' } });
  await slow.begun;
  await app.database.query(doomed);
  await expireAll();
  await jest.advanceTimersByTimeAsync(20_000);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(await count('lease_expires_at > now()')).toBe(0);
  slow.end();
  await refused;
  expect(await count('true')).toBe(0);
});
