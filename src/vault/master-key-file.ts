import { type BigIntStats } from 'node:fs';
import { type FileHandle, link, mkdir, open, realpath, rename, stat, unlink } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import { MasterKeyError } from './master-key-error';

/** What a key file says, and what tells this version of it from the next. */
export interface KeyFile {
  readonly text: string;
  /** kid → 32 bytes; at least one. */
  readonly keys: ReadonlyMap<number, Buffer>;
  readonly stamp: string;
}

const LINE = /^(\d{1,9})\s+([A-Za-z0-9+/]{43}=)$/;
const HEADING = '# Master key of a Photovault. Keep a copy elsewhere: without it, nothing can be opened.';

/**
 * Reads a text file with one `<kid> <base64 of 32 bytes>` a line and `#` comments.
 * @returns null when there is none
 * @throws {MasterKeyError} a sentence: unreadable, malformed or without a key
 */
export async function readKeyFile(file: string): Promise<KeyFile | null> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, 'r');
    // Stamp before text: a change in between is seen as one by the next look.
    const stamp = stampOf(await handle.stat({ bigint: true }));
    const text = await handle.readFile('utf8');
    return { text, keys: parse(text, file), stamp };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    if (error instanceof MasterKeyError) throw error;
    throw new MasterKeyError(`The master key file ${file} cannot be read (${code}).`, { cause: error });
  } finally {
    await handle?.close();
  }
}

/** What {@link KeyFile.stamp} would be now; null when there is no file. One look at the directory, and the file stays shut. */
export async function stampOfKeyFile(file: string): Promise<string | null> {
  return stat(file, { bigint: true }).then(stampOf, () => null);
}

/**
 * Makes a key file where there is none. Written beside, synced and linked into place: never half a key, and of two that make it at
 * once one wins.
 * @returns whether this call has made it; nothing is ever overwritten
 */
export async function createKeyFile(file: string, keys: ReadonlyMap<number, Buffer>): Promise<boolean> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const beside = `${file}.${randomBytes(6).toString('hex')}`;
  const text = [HEADING, ...Array.from(keys, ([kid, key]) => lineOf(kid, key))].join('\n');
  try {
    await writeSynced(beside, `${text}\n`);
    await link(beside, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await unlink(beside).catch(() => undefined);
    await syncDirectory(dirname(file));
  }
}

/** The file with one key more at its end; every other line, and what somebody noted in it, stays. */
export function withKey(text: string, kid: number, key: Buffer): string {
  return `${text.trimEnd()}\n${lineOf(kid, key)}\n`;
}

/** The file without these keys. */
export function withoutKeys(text: string, kids: readonly number[]): string {
  const isGone = (line: string) => kids.includes(Number(LINE.exec(line.trim())?.[1]));
  return text
    .split('\n')
    .filter((line) => !isGone(line))
    .join('\n');
}

/**
 * Puts another text in the place of a key file, whole or not at all, and for good when it resolves: written beside, synced, renamed,
 * and the directory synced. Owner and readers stay who they were, so that root may do it for the user that the server runs as.
 * @throws {MasterKeyError} a sentence, when the file cannot be replaced, as where it is a container's secret
 */
export async function replaceKeyFile(file: string, text: string): Promise<void> {
  try {
    // Through links: a key file may be one that leads to a volume.
    const target = await realpath(file);
    // One name, so that the next attempt clears away what a crash has left.
    const beside = `${target}.new`;
    await unlink(beside).catch(() => undefined);
    const { uid, gid, mode } = await stat(target);
    await writeSynced(beside, text, { uid, gid, mode: 0o400 | (Number(mode) & 0o044) });
    await rename(beside, target);
    await syncDirectory(dirname(target));
    // What the whole database is about to depend on is what the disk gives back.
    if ((await readKeyFile(file))?.text !== text) throw new Error('another text came back');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new MasterKeyError(
      `The master key file ${file} cannot be replaced (${code ?? message}), and the database was not changed. Where only you can write it, add a ` +
        'line of a higher number and 32 random bytes in base64, for every process, and rotate again.',
      { cause: error },
    );
  }
}

async function writeSynced(
  path: string,
  text: string,
  owner?: { uid: number; gid: number; mode: number },
): Promise<void> {
  const handle = await open(path, 'wx', 0o400);
  try {
    if (owner) {
      const own = await handle.stat();
      if (own.uid !== owner.uid || own.gid !== owner.gid) await handle.chown(owner.uid, owner.gid);
      await handle.chmod(owner.mode);
    }
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  await directory.sync().finally(() => directory.close());
}

function lineOf(kid: number, key: Buffer): string {
  return `${kid} ${key.toString('base64')}`;
}

/** Another file in its place has another inode, an edit another time or size. */
function stampOf({ dev, ino, mtimeNs, size }: BigIntStats): string {
  return [dev, ino, mtimeNs, size].join(':');
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
