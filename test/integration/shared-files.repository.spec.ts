import { SharedFilesRepository, type TargetKind } from '../../src/shares/visits/shared-files.repository';
import { newFolder } from '../support/folders';
import { jpeg } from '../support/photos';
import { share } from '../support/shares';
import { startTestApp, type TestApp } from '../support/test-app';
import type { VaultClient } from '../support/vault-client';

let vault: TestApp;
let alice: VaultClient;

beforeAll(async () => {
  vault = await startTestApp();
  alice = await vault.signUp('alice@example.com');
});
afterAll(() => vault.close());

async function shared(target: TargetKind, what: string) {
  const files = vault.app.get(SharedFilesRepository, { strict: false });
  const folderId = await newFolder(alice);
  const { id } = (await alice.put('a.jpg', jpeg(3000, `${target} ${what}`), { query: `?folderId=${folderId}` })).body;
  const { id: shareId } = await share(alice, target === 'folder' ? { folderId } : { fileIds: [id] });
  const seen = async () => [
    (await files.find(shareId, target, id))?.id,
    ...(await files.findPage(shareId, target, { limit: 9 })).map((row) => row.id),
  ];
  return { id, shareId, seen };
}

/** The guard asks the same before; a statement that trusted it would still show a share that has ended since. */
describe.each<TargetKind>(['folder', 'files'])('the statements for visitors of a share of %s', (target) => {
  it.each<[what: string, statement: string]>([
    ['a share that was revoked', 'DELETE FROM shares WHERE id = $1 AND $2::uuid IS NOT NULL'],
    [
      'a share that has expired',
      "UPDATE shares SET expires_at = clock_timestamp() - interval '1 second' WHERE id = $1 AND $2::uuid IS NOT NULL",
    ],
    [
      'a share that is suspended',
      'UPDATE shares SET suspended_at = clock_timestamp() WHERE id = $1 AND $2::uuid IS NOT NULL',
    ],
    [
      'a file under another key than its folder',
      `WITH item AS (UPDATE share_items SET fk_version = 2 WHERE share_id = $1)
       UPDATE files SET fk_version = 2 WHERE id = $2`,
    ],
  ])('give nothing of %s', async (what, statement) => {
    const { id, shareId, seen } = await shared(target, what);
    expect(await seen()).toEqual([id, id]);
    await vault.database.query(statement, [shareId, id]);
    expect(await seen()).toEqual([undefined]);
  });
});

it('a file whose bytes are other ones than were shared is none of the share', async () => {
  const { shareId, seen } = await shared('files', 'other bytes');
  await vault.database.query('UPDATE share_items SET blob_version = 2 WHERE share_id = $1', [shareId]);
  expect(await seen()).toEqual([undefined]);
});
