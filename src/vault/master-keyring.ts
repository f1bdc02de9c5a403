import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { serverSecretContext } from '../platform/crypto/contexts';
import { KEY_BYTES } from '../platform/crypto/chunked-encryption';
import { unwrapKey } from '../platform/crypto/sealed-value';
import { MasterKeyError } from './master-key-error';

/** The row that proves that a key file belongs to a database. */
export interface Canary {
  readonly kid: number;
  readonly version: number;
  readonly wrapped: Buffer;
}

/** A master key with its number. */
export interface MasterKey {
  readonly kid: number;
  readonly key: Buffer;
}

const LINE = /^(\d{1,9})\s+([A-Za-z0-9+/]{43}=)$/;

/** The master keys of a vault, from a text file with one `<kid> <base64 of 32 bytes>` a line and `#` comments. */
export class MasterKeyring {
  private constructor(private readonly keys: ReadonlyMap<number, Buffer>) {}

  /**
   * Opens the key file, or makes it when the database is new. Writes nothing when anything is wrong.
   * @param canary what the database holds, or null when the vault has never started on it
   * @returns the keyring and whether the file was made just now
   * @throws {MasterKeyError} a sentence: the key is missing, unreadable, malformed or another vault's
   */
  static async open(file: string, canary: Canary | null): Promise<{ keyring: MasterKeyring; created: boolean }> {
    let text = await readIfThere(file);
    const created = text === null;
    if (text === null) {
      if (canary) {
        throw new MasterKeyError(
          `The master key file ${file} is missing, but the database holds data that only it can open. ` +
            'Put the backup of the key back in its place; nothing was changed.',
        );
      }
      await create(file);
      text = (await readIfThere(file)) ?? '';
    }
    const keyring = new MasterKeyring(parse(text, file));
    if (canary) keyring.prove(canary, file);
    return { keyring, created };
  }

  /** Whether others than its owner may read the key file. Secrets of containers are such files, so it is only said. */
  static async isReadableByOthers(file: string): Promise<boolean> {
    return ((await stat(file)).mode & 0o077) !== 0;
  }

  /** The key that new wraps use: the highest number. */
  get newest(): MasterKey {
    const kid = Math.max(...this.keys.keys());
    return { kid, key: this.key(kid) };
  }

  /** @throws {MasterKeyError} when a row names a key that the file does not hold */
  key(kid: number): Buffer {
    const key = this.keys.get(kid);
    if (!key) throw new MasterKeyError(`The master key file does not hold key ${kid}, which the database uses.`);
    return key;
  }

  private prove(canary: Canary, file: string): void {
    try {
      unwrapKey(this.key(canary.kid), serverSecretContext(canary.kid, canary.version, 'canary'), canary.wrapped);
    } catch (error) {
      throw new MasterKeyError(
        `The master key file ${file} does not belong to this database: it opens nothing in it. ` +
          'Put the right key back in its place, or point DATA_DIR or DB_URL to the right data; nothing was changed.',
        { cause: error },
      );
    }
  }
}

async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    throw new MasterKeyError(`The master key file ${file} cannot be read (${code}).`, { cause: error });
  }
}

function parse(text: string, file: string): Map<number, Buffer> {
  const keys = new Map<number, Buffer>();
  for (const line of text.split('\n').map((each) => each.trim())) {
    if (line === '' || line.startsWith('#')) continue;
    const [, kid, key] = LINE.exec(line) ?? [];
    if (kid === undefined || key === undefined || keys.has(Number(kid))) {
      throw new MasterKeyError(
        `The master key file ${file} is damaged: a line is not of the form "<number> <base64 key>".`,
      );
    }
    keys.set(Number(kid), Buffer.from(key, 'base64'));
  }
  if (keys.size === 0) throw new MasterKeyError(`The master key file ${file} holds no key.`);
  return keys;
}

/** Written beside, synced and linked into place: never half a key, and of two first starts one wins and the other reads its key. */
async function create(file: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const beside = `${file}.${randomBytes(6).toString('hex')}`;
  const handle = await open(beside, 'wx', 0o400);
  try {
    const key = randomBytes(KEY_BYTES).toString('base64');
    await handle.writeFile(
      `# Master key of a Photovault. Keep a copy elsewhere: without it, nothing can be opened.\n1 ${key}\n`,
    );
    await handle.sync();
    await link(beside, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } finally {
    await handle.close();
    await unlink(beside);
  }
  const directory = await open(dirname(file), 'r');
  await directory.sync().finally(() => directory.close());
}
