import type { EntityManager } from 'typeorm';
import { FileRewrappingRepository } from '../../src/files/file-rewrapping.repository';
import type { RewrappedFile } from '../../src/files/file-sealing';
import { newFolder } from '../support/folders';
import { insertManyFiles } from '../support/many-files';
import { startTestApp, type TestApp } from '../support/test-app';
import type { VaultClient } from '../support/vault-client';

let vault: TestApp;

beforeAll(async () => {
  vault = await startTestApp();
});
afterAll(() => vault.close());

interface Plan {
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly Plans?: readonly Plan[];
}

const flatten = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(flatten)];

/** What PostgreSQL knew when it last looked, while the folder was not there yet. */
const STATISTICS: [string, (alice: VaultClient) => Promise<void>][] = [
  ['none', () => Promise.resolve()],
  [
    'old ones',
    async (alice) => {
      await insertManyFiles(vault, alice, await newFolder(alice), 100);
      await vault.database.query('ANALYZE files');
    },
  ],
];

it.each(STATISTICS)(
  'files get a new key without a walk through all of their folder for each: with %s as statistics',
  async (_, learn) => {
    const alice = await vault.signUp();
    await learn(alice);
    const folderId = await newFolder(alice);
    await insertManyFiles(vault, alice, folderId, 6000);
    const rows = await vault.database.query<RewrappedFile>(
      `SELECT id, fk_version AS "fkVersion", dek_wrapped AS "dekWrapped", meta_sealed AS "metaSealed", meta_version AS "metaVersion",
            name_bidx AS "nameBidx", content_bidx AS "contentBidx", taken_at AS "takenAt"
       FROM files WHERE folder_id = $1 ORDER BY id LIMIT 250`,
      [folderId],
    );
    const folder = {
      id: folderId,
      ownerId: alice.userId ?? '',
      isRoot: false,
      keyVersion: 2,
      epoch: 2,
      isLocked: true,
    };
    const plans: Plan[] = [];
    const explaining = {
      query: async (statement: string, values: unknown[]) => {
        const [row] = await vault.database.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
          `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${statement}`,
          values,
        );
        plans.push(...flatten(row['QUERY PLAN'][0].Plan));
      },
    } as unknown as EntityManager;
    const repository = vault.app.get(FileRewrappingRepository, { strict: false });
    await repository.rewrapMany(explaining, { ...folder, key: Buffer.alloc(32) }, rows);
    // Each file is met once or twice, and not 250 times.
    expect(plans.reduce((sum, node) => sum + node['Actual Rows'] * node['Actual Loops'], 0)).toBeLessThan(30_000);
  },
);
