import { deleteAccount, untilDeleted } from '../support/account-deletions';
import { namesOf } from '../support/dump';
import { newFolder, putInto } from '../support/folders';
import { type Loot, type Opened, readableFiles, steal, tryEverything } from '../support/loot';
import { jpeg } from '../support/photos';
import { visit } from '../support/shares';
import { startTestApp, type TestApp } from '../support/test-app';
import type { FileBody, VaultClient } from '../support/vault-client';
import { eventually } from '../support/waiting';
import { fillAccount } from '../support/whole-account';

/**
 * What an old dump and old objects are worth once an account was deleted: with every key that the server still has, and without the table of
 * the users' keys, which is what the deletion destroys.
 */
let vault: TestApp;
let alice: VaultClient;
let files: readonly FileBody[];
let ofBob: FileBody;
let aliceNames: readonly string[];
let before: Loot;
let after: Loot;
let vacuums: number;
/** The dump of before without its keys, beside everything that the server has now; and what came open of it. */
let loot: Loot;
let opened: Opened;

const vacuumsOfUserKeys = async () => {
  const [row] = await vault.database.query<{ n: number }>(
    "SELECT vacuum_count::int AS n FROM pg_stat_user_tables WHERE relname = 'user_keys'",
  );
  return row?.n ?? NaN;
};

beforeAll(async () => {
  vault = await startTestApp();
  const bob = await vault.signUp('bob@example.com');
  ofBob = await putInto(bob, await newFolder(bob, 'of Bob'), 'bob.jpg', jpeg(3000, 'bob'));
  alice = await vault.signUp('alice@example.com');
  const filled = await fillAccount(alice);
  ({ files } = filled);
  await visit(vault, filled.shares[0]);
  aliceNames = await namesOf((sql, values) => vault.database.query(sql, values), alice.userId ?? '');
  before = await steal(vault);
  vacuums = await vacuumsOfUserKeys();
  await deleteAccount(alice);
  await untilDeleted(vault.database, alice);
  after = await steal(vault);
}, 60_000);
afterAll(() => vault.close());

/** Where what came open is Alice's. */
function ofAlice({ values }: Pick<Opened, 'values'>): string[] {
  return [...values.keys()].filter((where) => aliceNames.some((name) => where.includes(name)));
}

function distinct(all: readonly Buffer[]): Buffer[] {
  return [...new Map(all.map((each) => [each.toString('hex'), each])).values()];
}

it('the objects are gone, and nothing that is stored now is of the account', () => {
  expect(ofAlice(after)).toEqual([]);
  expect([...after.objects.keys()].filter((id) => aliceNames.includes(id))).toEqual([]);
  expect(before.objects.size - after.objects.size).toBeGreaterThan(files.length);
});

it('a dump and the objects of before, with the master key and all that the server has, yield no photo, no name, no folder', () => {
  const KEY_TABLES = /^(userKeys|secrets) /;
  const values = [...before.values].filter(([where]) => !KEY_TABLES.test(where));
  loot = {
    ...before,
    values: new Map([...values, ...after.values]),
    contexts: distinct([...before.contexts, ...after.contexts]),
    tokenHashes: distinct([...before.tokenHashes, ...after.tokenHashes]),
  };
  opened = tryEverything(loot, [loot.masterKey]);
  expect(opened.keys.length).toBeGreaterThan(50);
  // It does open what is Bob's, whose key is there.
  expect(readableFiles(loot, opened)).toEqual([ofBob.id]);
  // Of Alice nothing but her address, in the PIN request of her sign-up: that is under a key of the server, and goes from the database a day later.
  expect(ofAlice(opened)).toEqual([expect.stringMatching(/^challenges \S+ mailbox_sealed$/)]);
}, 120_000);

it('with the keys of before they would have: a backup that holds them is no less than the account', () => {
  const keys = new Map([...before.values].filter(([where]) => where.startsWith('userKeys ')));
  const userKeys = tryEverything({ ...before, values: keys }, [before.masterKey]);
  expect(ofAlice(userKeys)).toHaveLength(1);
  const more = tryEverything(loot, [...userKeys.values.values()], opened);
  const open = files.filter((_, n) => n !== 3).map(({ id }) => id);
  expect(readableFiles(loot, more).sort()).toEqual([...open, ofBob.id].sort());
  expect(ofAlice(more).filter((where) => /^(users|folders|files) /.test(where)).length).toBeGreaterThan(8);
}, 120_000);

it('the table of the users’ keys was vacuumed', async () => {
  await eventually('PostgreSQL has counted it', async () => (await vacuumsOfUserKeys()) > vacuums);
});
