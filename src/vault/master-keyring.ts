import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { serverSecretContext } from '../platform/crypto/contexts';
import { KEY_BYTES } from '../platform/crypto/chunked-encryption';
import { unwrapKey } from '../platform/crypto/sealed-value';
import { MasterKeyError } from './master-key-error';
import {
  createKeyFile,
  type KeyFile,
  readKeyFile,
  replaceKeyFile,
  stampOfKeyFile,
  withKey,
  withoutKeys,
} from './master-key-file';

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

export interface KeyringOptions {
  /** Every kid in the database: the file must hold them all. */
  readonly inUse?: readonly number[];
  /** Told when the file was read again, and the kids that were new in it. */
  readonly onReread?: (kids: number[]) => void;
}

/**
 * The master keys of a vault, from their file. The file is read again when a row names a key that was not in it: somebody has
 * rotated. What was read once is known until the process ends, because a row that was read a moment ago may still need it.
 */
export class MasterKeyring {
  private keys: ReadonlyMap<number, Buffer>;
  private stamp: string;

  private constructor(
    private readonly file: string,
    read: KeyFile,
    private readonly onReread: (kids: number[]) => void = () => undefined,
  ) {
    this.keys = read.keys;
    this.stamp = read.stamp;
  }

  /**
   * Opens the key file, or makes it when the database is new. Writes nothing when anything is wrong.
   * @param canary what the database holds, or null when the vault has never started on it
   * @returns the keyring and whether the file was made just now
   * @throws {MasterKeyError} a sentence: the key is missing, unreadable, malformed or another vault's
   */
  static async open(
    file: string,
    canary: Canary | null,
    { inUse = [], onReread }: KeyringOptions = {},
  ): Promise<{ keyring: MasterKeyring; created: boolean }> {
    let read = await readKeyFile(file);
    const created = read === null;
    if (read === null) {
      if (canary) {
        throw new MasterKeyError(
          `The master key file ${file} is missing, but the database holds data that only it can open. ` +
            'Put the backup of the key back in its place; nothing was changed.',
        );
      }
      await createKeyFile(file, new Map([[1, randomBytes(KEY_BYTES)]]));
      read = await readKeyFile(file);
      if (read === null) throw new MasterKeyError(`The master key file ${file} was removed just now.`);
    }
    const keyring = new MasterKeyring(file, read, onReread);
    MasterKeyring.prove(
      `The master key file ${file}`,
      [...read.keys].map(([kid, key]) => ({ kid, key })),
      canary,
      inUse,
    );
    return { keyring, created };
  }

  /**
   * Whether keys are those of a database: they open its canary, and none that a row names is missing.
   * @param source what holds them, as a sentence begins
   * @throws {MasterKeyError}
   */
  static prove(source: string, keys: readonly MasterKey[], canary: Canary | null, inUse: readonly number[]): void {
    if (!canary) return;
    const missing = [...new Set([canary.kid, ...inUse])].filter((needed) => !keys.some(({ kid }) => kid === needed));
    if (missing.length > 0) throw lacks(source, missing);
    try {
      const key = keys.find(({ kid }) => kid === canary.kid)?.key ?? Buffer.of();
      unwrapKey(key, serverSecretContext(canary.kid, canary.version, 'canary'), canary.wrapped);
    } catch (error) {
      throw new MasterKeyError(
        `${source} does not belong to this database: it opens nothing in it. ` +
          'Put the right key back in its place, or point DATA_DIR or DB_URL to the right data; nothing was changed.',
        { cause: error },
      );
    }
  }

  /** Whether others than its owner may read the key file. Secrets of containers are such files, so it is only said. */
  static async isReadableByOthers(file: string): Promise<boolean> {
    return ((await stat(file)).mode & 0o077) !== 0;
  }

  /** The key with the highest number. Which one wraps what is new is for the database to say: see `KeysRepository.holdKid`. */
  get newest(): MasterKey {
    return [...this.keys].map(([kid, key]) => ({ kid, key })).reduce((a, b) => (a.kid > b.kid ? a : b));
  }

  /**
   * A key, 32 bytes; looks into the file again when it is not known, and the file is another by now.
   * @throws {MasterKeyError} when the file does not hold it either
   */
  async key(kid: number): Promise<Buffer> {
    const key = this.keys.get(kid) ?? (await this.reread()).get(kid);
    if (!key) throw lacks(`The master key file ${this.file}`, [kid]);
    return key;
  }

  /** What is in the file now, whatever is known besides. Ascending. */
  async inFile(): Promise<MasterKey[]> {
    const { keys } = await this.readNow();
    return Array.from(keys, ([kid, key]) => ({ kid, key })).sort((a, b) => a.kid - b.kid);
  }

  /**
   * Adds a random key of the next number to the file; when it resolves, a power cut does not take it any more. Of two at once one would
   * lose its key: the caller holds a lock.
   * @throws {MasterKeyError} when the file cannot be replaced
   */
  async add(): Promise<MasterKey> {
    const { text, keys } = await this.readNow();
    const added = { kid: Math.max(...keys.keys()) + 1, key: randomBytes(KEY_BYTES) };
    await replaceKeyFile(this.file, withKey(text, added.kid, added.key));
    await this.reread();
    return added;
  }

  /**
   * Takes keys out of the file. The caller holds a lock, and has seen that no row uses them.
   * @throws {MasterKeyError} when the file cannot be replaced
   */
  async retire(kids: readonly number[]): Promise<void> {
    await replaceKeyFile(this.file, withoutKeys((await this.readNow()).text, kids));
  }

  private async reread(): Promise<ReadonlyMap<number, Buffer>> {
    // A row that names a key which is nowhere must not make every request read a file.
    if ((await stampOfKeyFile(this.file)) === this.stamp) return this.keys;
    const { keys, stamp } = await this.readNow();
    const fresh = [...keys.keys()].filter((kid) => !this.keys.has(kid));
    this.keys = new Map([...keys, ...this.keys]);
    this.stamp = stamp;
    this.onReread(fresh);
    return this.keys;
  }

  private async readNow(): Promise<KeyFile> {
    const read = await readKeyFile(this.file);
    if (read === null) throw new MasterKeyError(`The master key file ${this.file} is missing.`);
    return read;
  }
}

function lacks(source: string, kids: number[]): MasterKeyError {
  const which = `${kids.length > 1 ? 'keys' : 'key'} ${kids.sort((a, b) => a - b).join(' and ')}`;
  return new MasterKeyError(
    `${source} does not hold ${which}, which the database uses. It is older or newer than this database, or another’s: ` +
      'put the right one back in its place. Nothing was changed.',
  );
}
