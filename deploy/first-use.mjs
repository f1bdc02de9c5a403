// Makes the secrets of docker-compose.yml on first use, each in the volume of those who need it, and never changes one that is there.
// Random where it has to be, and in the one form that its reader takes.
import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

const [DATABASE, STORE] = ['/secrets/database', '/secrets/store'];
const hex = (bytes) => randomBytes(bytes).toString('hex');

/**
 * Written beside and linked into place: never half a secret, and one that is there stays.
 * @returns what the file holds now
 */
function once(directory, name, mode, make) {
  const path = join(directory, name);
  const beside = `${path}.${hex(4)}`;
  writeFileSync(beside, make(), { mode, flag: 'wx' });
  try {
    linkSync(beside, path);
    console.log(`made ${path}`);
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  } finally {
    unlinkSync(beside);
  }
  return readFileSync(path, 'utf8');
}

process.umask(0);
// PostgreSQL reads it as a user of its own. The volume is in no other container.
const password = once(DATABASE, 'password', 0o444, () => hex(24));
once(DATABASE, 'url', 0o400, () => `postgres://photovault:${password}@postgres:5432/photovault`);
// The forms that Garage wants: GK and 24 hexadecimal digits, 64 of them, and files that nobody else may read.
once(STORE, 'access-key-id', 0o400, () => `GK${hex(12)}`);
once(STORE, 'secret-access-key', 0o400, () => hex(32));
once(STORE, 'rpc-secret', 0o400, () => hex(32));
once(STORE, 'admin-token', 0o400, () => hex(32));
