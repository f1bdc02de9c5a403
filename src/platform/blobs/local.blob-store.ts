import { constants } from 'node:fs';
import { access, type FileHandle, mkdir, open, opendir, rename, stat, statfs, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { blobIdOf, UNFINISHED } from './blob-key';
import { BlobStore, type ByteRange, type ListedObject, type StoredObject } from './blob-store';
import { BlobStoreError } from './blob-store-error';
import { refuseLinks, securePath } from './secure-path';

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY, W_OK } = constants;
/** Bytes per read: 64 KiB halves the throughput of a download, more than 512 KiB gains nothing. */
const READ_BYTES = 512 * 1024;
/** How long a look at the disk is believed: thousands of uploads a second need no look of their own. */
const FREE_MS = 1000;
/** How many directories are remembered as synced; each user has at most 256. */
const REMEMBERED_DIRECTORIES = 100_000;

/**
 * Objects as files below one directory: written to `tmp/<uuid>`, synced, renamed into place, and the directory synced, so that a
 * file under its own name is always whole. Several processes may share the directory.
 */
export class LocalBlobStore extends BlobStore {
  private readonly syncedDirectories = new Set<string>();
  private free?: { readonly until: number; readonly bytes: Promise<number> };

  constructor(private readonly root: string) {
    super();
  }

  async put(key: string, source: AsyncIterable<Buffer>): Promise<StoredObject> {
    const path = securePath(this.root, key);
    const temporary = this.temporaryPath(key);
    let file: FileHandle | undefined;
    try {
      file = await this.create(temporary, key);
      const stored = await writeAll(file, source);
      await file.sync();
      await file.close();
      file = undefined;
      await this.moveIntoPlace(temporary, path, key);
      return stored;
    } catch (error) {
      await file?.close().catch(() => undefined);
      await unlink(temporary).catch(() => undefined);
      throw asStoreError(error, key);
    }
  }

  async *read(key: string, expectedBytes: number, range: ByteRange): AsyncGenerator<Buffer> {
    const path = securePath(this.root, key);
    refuseLinks(this.root, path, key);
    let file: FileHandle;
    try {
      file = await open(path, O_RDONLY | O_NOFOLLOW);
    } catch (error) {
      throw asStoreError(error, key);
    }
    try {
      const { size } = await file.stat();
      if (size !== expectedBytes) throw new BlobStoreError('damaged', key);
      const end = Math.min(range.end, size - 1);
      const block = Buffer.allocUnsafe(Math.max(0, Math.min(READ_BYTES, end - range.start + 1)));
      for (let position = range.start; position <= end;) {
        const { bytesRead } = await file.read(block, 0, Math.min(block.length, end - position + 1), position);
        if (bytesRead === 0) throw new BlobStoreError('damaged', key);
        position += bytesRead;
        yield block.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  }

  async remove(key: string): Promise<void> {
    for (const path of [this.temporaryPath(key), securePath(this.root, key)]) {
      refuseLinks(this.root, path, key);
      try {
        await unlink(path);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
  }

  async *list(): AsyncGenerator<ListedObject> {
    for await (const path of filesBelow(this.root)) {
      const key = path.slice(this.root.length + 1).replaceAll('\\', '/');
      try {
        yield { key, modifiedAt: (await stat(path)).mtime };
      } catch (error) {
        // Removed or renamed since the directory was read.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
  }

  async freeBytes(): Promise<number> {
    const now = performance.now();
    if (this.free === undefined || now > this.free.until) {
      this.free = { until: now + FREE_MS, bytes: freeBelow(this.root) };
    }
    return this.free.bytes;
  }

  async check(): Promise<void> {
    const directory = join(this.root, UNFINISHED);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await access(directory, W_OK);
  }

  private temporaryPath(key: string): string {
    securePath(this.root, key);
    return join(this.root, UNFINISHED, blobIdOf(key) ?? '');
  }

  private async create(temporary: string, key: string): Promise<FileHandle> {
    refuseLinks(this.root, temporary, key);
    const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
    try {
      return await open(temporary, flags, 0o600);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      await mkdir(dirname(temporary), { recursive: true, mode: 0o700 });
      return await open(temporary, flags, 0o600);
    }
  }

  private async moveIntoPlace(temporary: string, path: string, key: string): Promise<void> {
    refuseLinks(this.root, path, key);
    const directory = dirname(path);
    try {
      await rename(temporary, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await rename(temporary, path);
    }
    await syncDirectory(directory);
    if (this.syncedDirectories.has(directory)) return;
    // A new directory is an entry of its parent: without these a power cut could take it and what is in it. Once for each, by
    // whoever uses it first: another process may have made it and not have come so far.
    for (const parent of [dirname(directory), this.root, dirname(this.root)]) await syncDirectory(parent);
    if (this.syncedDirectories.size >= REMEMBERED_DIRECTORIES) this.syncedDirectories.clear();
    this.syncedDirectories.add(directory);
  }
}

async function writeAll(file: FileHandle, source: AsyncIterable<Buffer>): Promise<StoredObject> {
  let bytes = 0;
  let crc = 0;
  for await (const block of source) {
    crc = crc32(block, crc);
    for (let offset = 0; offset < block.length;) {
      offset += (await file.write(block, offset, block.length - offset, bytes + offset)).bytesWritten;
    }
    bytes += block.length;
  }
  return { bytes, crc32: crc };
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** As df shows it to whoever is not root, who alone may use the rest. */
async function freeBelow(directory: string): Promise<number> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}

async function* filesBelow(directory: string): AsyncGenerator<string> {
  try {
    for await (const entry of await opendir(directory)) {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) yield* filesBelow(path);
      else yield path;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** ENOSPC and EDQUOT are an answer to the person, not a fault of ours; ELOOP is what `O_NOFOLLOW` says of a link. */
function asStoreError(error: unknown, key: string): unknown {
  const code: string = (error as NodeJS.ErrnoException).code ?? '';
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new BlobStoreError('full', key, error);
    case 'ENOENT':
      return new BlobStoreError('missing', key, error);
    case 'ELOOP':
      return new BlobStoreError('unsafe', key, error);
    default:
      return error;
  }
}
