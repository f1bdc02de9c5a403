import { randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { userKeyContext } from '../../src/platform/crypto/contexts';
import { wrapKey } from '../../src/platform/crypto/sealed-value';

type Query = (sql: string, values: unknown[]) => Promise<unknown>;

/**
 * Puts people into a database who have a key and nothing else.
 * @returns their keys, by id
 */
export async function insertManyKeys(
  query: Query,
  { kid, key }: { kid: number; key: Buffer },
  count: number,
): Promise<Map<string, Buffer>> {
  const keys = new Map(Array.from({ length: count }, () => [uuidv7(), randomBytes(32)]));
  const ids = [...keys.keys()];
  await query(
    'INSERT INTO users (id, email_bidx, email_sealed) SELECT id, decode(md5(id::text), $2), $3 FROM unnest($1::uuid[]) AS id',
    [ids, 'hex', Buffer.of(1)],
  );
  const wrapped = Array.from(keys, ([id, userKey]) => wrapKey(key, userKeyContext(id, kid), userKey));
  await query(
    'INSERT INTO user_keys (user_id, kid, key_wrapped) SELECT id, $2, wrapped FROM unnest($1::uuid[], $3::bytea[]) AS r (id, wrapped)',
    [ids, kid, wrapped],
  );
  return keys;
}
