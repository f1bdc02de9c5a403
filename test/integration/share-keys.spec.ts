import { argon2id, type Argon2idParams } from '../../src/platform/crypto/password-kdf';
import {
  shareContext,
  shareFileContext,
  shareInfo,
  shareLabelContext,
  ShareTarget,
} from '../../src/platform/crypto/contexts';
import { hkdfSha512, sharePepper } from '../../src/platform/crypto/key-derivation';
import { openValue, unwrapKey } from '../../src/platform/crypto/sealed-value';
import { hashToken } from '../../src/platform/crypto/tokens';
import { KeyringService } from '../../src/vault/keyring.service';
import { jpeg } from '../support/photos';
import { expectProblem } from '../support/problem';
import { newFolder } from '../support/folders';
import { knock, type MadeShare, namesSeen, share, visit } from '../support/shares';
import { startTestApp, type TestApp } from '../support/test-app';
import type { VaultClient } from '../support/vault-client';

/** The keys of a share, made again step by step from the specification; and what whoever can write the database cannot do with them. */
let vault: TestApp;
let alice: VaultClient;
let fileId: string;

beforeAll(async () => {
  vault = await startTestApp();
  alice = await vault.signUp('alice@example.com');
  fileId = (await alice.put('beach.jpg', jpeg(5000, 'beach'))).body.id;
});
afterAll(() => vault.close());

const sql = <Row extends object>(text: string, values: unknown[]) => vault.database.query<Row>(text, values);
const uuidBytes = (id: string) => Buffer.from(id.replaceAll('-', ''), 'hex');

interface ShareRow {
  readonly secret_hash: Buffer;
  readonly password_salt: Buffer | null;
  readonly password_params: Argon2idParams | null;
  readonly fk_wrapped: Buffer | null;
  readonly fk_version: number | null;
  readonly visitor_label_sealed: Buffer;
  readonly label_sealed: Buffer;
  readonly expires_at: Date;
}

async function rowOf({ id }: MadeShare): Promise<ShareRow> {
  const [row] = await sql<ShareRow>('SELECT * FROM shares WHERE id = $1', [id]);
  if (!row) throw new Error('no such share');
  return row;
}

const userKey = () => vault.app.get(KeyringService, { strict: false }).userKey(alice.userId ?? '');

/** As security.md, section 2, has it: HKDF-SHA512(salt = share id, IKM = link32 ‖ argon2id | zero32 ‖ pepper). */
async function keyOf(made: MadeShare, row: ShareRow, info: Buffer, password?: string): Promise<Buffer> {
  const hashed = password && (await argon2id(password, row.password_salt!, row.password_params!));
  const ikm = [
    Buffer.from(made.secret, 'base64url'),
    hashed || Buffer.alloc(32),
    sharePepper(await userKey(), made.id),
  ];
  return hkdfSha512(uuidBytes(made.id), Buffer.concat(ikm), info, 32);
}

describe('the keys of a share, by the specification', () => {
  it('of files: each file’s key and details open under it', async () => {
    const password = 'a long walk on the beach';
    const made = await share(alice, { fileIds: [fileId], label: 'Summer', password });
    const row = await rowOf(made);
    const expires = Date.parse(made.expiresAt) / 1000;
    expect(row.secret_hash).toEqual(hashToken(Buffer.from(made.secret, 'base64url')));
    const key = await keyOf(made, row, shareInfo(alice.userId!, ShareTarget.file, made.id, 1), password);
    const [item] = await sql<{ dek_wrapped: Buffer; details_sealed: Buffer }>(
      'SELECT * FROM share_items WHERE share_id = $1',
      [made.id],
    );
    const context = shareContext(made.id, alice.userId!, ShareTarget.file, fileId, 1, expires);
    expect(unwrapKey(key, context, item.dek_wrapped).length).toBe(32);
    const details = openValue(key, shareFileContext(made.id, fileId), item.details_sealed).toString();
    expect(JSON.parse(details)).toEqual({
      name: 'beach.jpg',
      contentType: 'image/jpeg',
      length: 5000,
      crc32: expect.any(Number) as number,
    });
    const labelContext = shareLabelContext(made.id, expires);
    expect(openValue(key, labelContext, row.visitor_label_sealed).toString()).toBe('"Summer"');
    expect(openValue(await userKey(), labelContext, row.label_sealed).toString()).toBe('"Summer"');
    expect(() =>
      unwrapKey(key, shareContext(made.id, alice.userId!, ShareTarget.file, fileId, 1, expires + 1), item.dek_wrapped),
    ).toThrow();
  });

  it('of a folder: its key opens under it', async () => {
    const folderId = await newFolder(alice);
    const made = await share(alice, { folderId });
    const row = await rowOf(made);
    const key = await keyOf(made, row, shareInfo(alice.userId!, ShareTarget.folder, folderId, row.fk_version!));
    const expires = Date.parse(made.expiresAt) / 1000;
    const context = shareContext(made.id, alice.userId!, ShareTarget.folder, folderId, row.fk_version!, expires);
    expect(unwrapKey(key, context, row.fk_wrapped!).length).toBe(32);
  });

  it('is another one for each share of the same thing', async () => {
    const [one, other] = [await share(alice, { fileIds: [fileId] }), await share(alice, { fileIds: [fileId] })];
    const [first, second] = [await rowOf(one), await rowOf(other)];
    const info = shareInfo(alice.userId!, ShareTarget.file, one.id, 1);
    expect((await keyOf(one, first, info)).equals(await keyOf(other, second, info))).toBe(false);
  });
});

describe('whoever can write the database, but not read what is sealed,', () => {
  const longer = "expires_at + interval '1 day'";

  it.each([['files'], ['a folder']])('cannot lengthen a share of %s', async (what) => {
    const target = what === 'files' ? { fileIds: [fileId] } : { folderId: await newFolder(alice) };
    const made = await share(alice, target);
    await sql(`UPDATE shares SET expires_at = ${longer} WHERE id = $1`, [made.id]);
    expectProblem(await knock(vault, made), { status: 500, code: 'VAULT.DAMAGED' });
    const locked = await share(alice, { ...target, password: 'a long walk on the beach' });
    await sql(`UPDATE shares SET expires_at = ${longer} WHERE id = $1`, [locked.id]);
    const answer = await knock(vault, locked, { password: 'a long walk on the beach' });
    expectProblem(answer, { status: 403, code: 'SHARE.WRONG_PASSWORD' });
  });

  it('cannot lengthen a visit, or give it to another share', async () => {
    const [made, other] = [await share(alice, { fileIds: [fileId] }), await share(alice, { fileIds: [fileId] })];
    const visitor = await visit(vault, made);
    await sql(`UPDATE share_sessions SET expires_at = ${longer} WHERE share_id = $1`, [made.id]);
    expectProblem(await visitor.request('GET', `/shares/${made.id}/files`), { status: 500, code: 'VAULT.DAMAGED' });
    await sql("UPDATE share_sessions SET expires_at = expires_at - interval '1 day' WHERE share_id = $1", [made.id]);
    expect(await namesSeen(visitor, made)).toEqual(['beach.jpg']);
    await sql('UPDATE share_sessions SET share_id = $2 WHERE share_id = $1', [made.id, other.id]);
    expectProblem(await visitor.request('GET', `/shares/${other.id}/files`), { status: 500, code: 'VAULT.DAMAGED' });
  });

  it('cannot open a share with the sealed key of another visit', async () => {
    const made = await share(alice, { fileIds: [fileId] });
    const [one, other] = [await visit(vault, made), await visit(vault, made)];
    await sql(
      `UPDATE share_sessions SET key_sealed = (SELECT key_sealed FROM share_sessions WHERE share_id = $1 ORDER BY id LIMIT 1)
        WHERE share_id = $1`,
      [made.id],
    );
    expect((await one.request('GET', `/shares/${made.id}/files`)).status).toBe(200);
    expectProblem(await other.request('GET', `/shares/${made.id}/files`), { status: 500, code: 'VAULT.DAMAGED' });
  });

  it('cannot put another file into a share', async () => {
    const secretId = (await alice.put('secret.jpg', jpeg(5000, 'secret'))).body.id;
    const made = await share(alice, { fileIds: [fileId], includeOriginals: true });
    const visitor = await visit(vault, made);
    await sql('UPDATE share_items SET file_id = $2 WHERE share_id = $1', [made.id, secretId]);
    const answer = await visitor.request('GET', `/shares/${made.id}/files/${secretId}/content`);
    expectProblem(answer, { status: 500, code: 'VAULT.DAMAGED' });
    expect(await namesSeen(visitor, made)).toEqual([]);
  });

  it('cannot turn a share to another folder', async () => {
    const [shared, secret] = [await newFolder(alice), await newFolder(alice)];
    await alice.put('secret.jpg', jpeg(5000, 'in the folder'), { query: `?folderId=${secret}` });
    const made = await share(alice, { folderId: shared, includeOriginals: true });
    const visitor = await visit(vault, made);
    await sql('UPDATE shares SET folder_id = $2 WHERE id = $1', [made.id, secret]);
    expect(await namesSeen(visitor, made)).toEqual([]);
    expectProblem(await knock(vault, made), { status: 500, code: 'VAULT.DAMAGED' });
  });
});
