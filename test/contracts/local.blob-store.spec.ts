import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { blobIdOf } from '../../src/platform/blobs/blob-key';
import { LocalBlobStore } from '../../src/platform/blobs/local.blob-store';
import { eventually } from '../support/waiting';
import { describeBlobStore, expectProblem, keysOf, newKey, readAll, source, stalled } from './blob-store.contract';

let base: string;
let root: string;
let store: LocalBlobStore;

function openStore(): void {
  base = mkdtempSync(join(tmpdir(), 'photovault-blobs-'));
  root = join(base, 'blobs');
  store = new LocalBlobStore(root);
}
const closeStore = () => rmSync(base, { recursive: true });

describeBlobStore('LocalBlobStore', () => {
  openStore();
  return Promise.resolve({ store, close: () => Promise.resolve(closeStore()) });
});

/** Everything below the store's root: path → type and permissions. */
function treeOf(directory: string): Map<string, string> {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  return new Map(
    entries.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const mode = (statSync(path).mode & 0o777).toString(8);
      return [path.slice(directory.length + 1), `${entry.isDirectory() ? 'directory' : 'file'} ${mode}`];
    }),
  );
}

describe('LocalBlobStore', () => {
  beforeEach(openStore);
  afterEach(closeStore);

  it('makes files and directories that nobody else may read, whatever the umask', async () => {
    const umask = process.umask(0);
    try {
      const [key, slow] = [newKey(), stalled(randomBytes(10))];
      await store.put(key, source(randomBytes(10)));
      const unfinished = store.put(newKey(), slow.source);
      await slow.begun;
      const tree = treeOf(root);
      expect(statSync(root).mode & 0o777).toBe(0o700);
      expect(tree.size).toBe(5);
      expect(new Set(tree.values())).toEqual(new Set(['directory 700', 'file 600']));
      slow.end();
      await unfinished;
    } finally {
      process.umask(umask);
    }
  });

  it('keeps an object as a file with its bytes and nothing else, under two directories', async () => {
    const [key, bytes] = [newKey(), randomBytes(5000)];
    await store.put(key, source(bytes));
    expect(readFileSync(join(root, key)).equals(bytes)).toBe(true);
    expect(key).toMatch(/^[0-9a-f]{16}\/[0-9a-f]{2}\/[0-9a-f-]{36}$/);
  });

  it('lists other files under names that no key has, and touches none', async () => {
    await store.put(newKey(), source(randomBytes(10)));
    writeFileSync(join(root, 'notes.txt'), 'mine');
    const strangers = (await keysOf(store)).filter((key) => blobIdOf(key) === null);
    expect(strangers).toEqual(['notes.txt']);
    await expectProblem(store.remove('notes.txt'), 'unsafe');
    expect(readFileSync(join(root, 'notes.txt'), 'utf8')).toBe('mine');
  });

  it('is one store for several processes on the directory', async () => {
    const [key, bytes] = [newKey(), randomBytes(5000)];
    await store.put(key, source(bytes));
    const other = new LocalBlobStore(root);
    expect((await readAll(other, key, 5000)).equals(bytes)).toBe(true);
    await other.remove(key);
    await expectProblem(readAll(store, key, 5000), 'missing');
  });

  describe('follows no link that somebody has put into its directory:', () => {
    let outside: string;

    beforeEach(async () => {
      outside = join(base, 'outside');
      mkdirSync(outside);
      writeFileSync(join(outside, 'secret'), 'secret');
      await store.check();
    });
    afterEach(() => {
      expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('secret');
    });

    it('one in the place of an object is not read', async () => {
      const key = newKey();
      mkdirSync(dirname(join(root, key)), { recursive: true });
      symlinkSync(join(outside, 'secret'), join(root, key));
      await expectProblem(readAll(store, key, 6), 'unsafe');
    });

    it('one in the place of an object is replaced by the object, and removed alone', async () => {
      const [key, bytes] = [newKey(), randomBytes(10)];
      mkdirSync(dirname(join(root, key)), { recursive: true });
      symlinkSync(join(outside, 'secret'), join(root, key));
      await store.put(key, source(bytes));
      expect((await readAll(store, key, 10)).equals(bytes)).toBe(true);
      await store.remove(key);
      expect(treeOf(root).has(key)).toBe(false);
    });

    it('one in the place of a temporary file is not written through', async () => {
      const key = newKey();
      symlinkSync(join(outside, 'secret'), join(root, 'tmp', blobIdOf(key) ?? ''));
      await expect(store.put(key, source(randomBytes(10)))).rejects.toThrow('EEXIST');
    });

    it('one in the place of the temporary directory is refused', async () => {
      rmSync(join(root, 'tmp'), { recursive: true });
      symlinkSync(outside, join(root, 'tmp'));
      await expectProblem(store.put(newKey(), source(randomBytes(10))), 'unsafe');
      expect(readdirSync(outside)).toEqual(['secret']);
    });

    it('one in the place of a directory that was good before is refused', async () => {
      const key = newKey();
      await store.put(key, source(randomBytes(10)));
      renameSync(dirname(join(root, key)), join(outside, 'aa'));
      symlinkSync(join(outside, 'aa'), dirname(join(root, key)));
      await expectProblem(readAll(store, key, 10), 'unsafe');
      await expectProblem(store.put(key, source(randomBytes(10))), 'unsafe');
      await expectProblem(store.remove(key), 'unsafe');
    });

    it.each([1, 2])('one in the place of the object’s directory, %i above it, is refused', async (above) => {
      const key = newKey();
      const parts = key.split('/');
      const link = join(root, ...parts.slice(0, parts.length - above));
      const target = join(outside, ...parts.slice(parts.length - above, -1));
      mkdirSync(dirname(link), { recursive: true });
      mkdirSync(target, { recursive: true });
      symlinkSync(outside, link);
      const foreign = join(target, parts.at(-1) ?? '');
      await expectProblem(store.put(key, source(randomBytes(10))), 'unsafe');
      writeFileSync(foreign, 'foreign');
      await expectProblem(readAll(store, key, 7), 'unsafe');
      await expectProblem(store.remove(key), 'unsafe');
      expect(readFileSync(foreign, 'utf8')).toBe('foreign');
    });
  });
});

describe('LocalBlobStore on a full disk', () => {
  const mounted = mountSmallDisk();
  afterAll(() => mounted?.unmount());

  (mounted ? it : it.skip)('says `full`, leaves nothing, and goes on with what has room', async () => {
    const small = new LocalBlobStore(join(mounted?.directory ?? '', 'blobs'));
    const [before, bytes] = [newKey(), randomBytes(100_000)];
    await small.put(before, source(bytes));
    for (let i = 0; i < 3; i++) {
      await expectProblem(small.put(newKey(), source(randomBytes(900_000), randomBytes(900_000))), 'full');
    }
    expect(await keysOf(small)).toEqual([before]);
    expect((await readAll(small, before, bytes.length)).equals(bytes)).toBe(true);

    const after = newKey();
    await small.put(after, source(bytes));
    await small.remove(before);
    expect(await keysOf(small)).toEqual([after]);
  });

  (mounted ? it : it.skip)('says how much room there is, as it was a second ago at most', async () => {
    const small = new LocalBlobStore(join(mounted?.directory ?? '', 'room'));
    const before = (await small.freeBytes()) ?? 0;
    expect(before).toBeGreaterThan(500_000);
    expect(before).toBeLessThanOrEqual(1024 * 1024);
    const key = newKey();
    await small.put(key, source(randomBytes(200_000)));
    await eventually('it has looked again', async () => ((await small.freeBytes()) ?? 0) <= before - 200_000);
    await small.remove(key);
    await eventually('it has looked again', async () => (await small.freeBytes()) === before);
  });
});

/** A disk of 1 MiB, where this process may mount one. */
function mountSmallDisk(): { directory: string; unmount: () => void } | null {
  const directory = mkdtempSync(join(tmpdir(), 'photovault-small-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', directory], { stdio: 'pipe' });
  } catch (error) {
    rmSync(directory, { recursive: true });
    const why = (error as Error).message.trim().split('\n').at(-1);
    process.stderr.write(
      `\nNOT RUN: the blob store on a full disk, because no small disk can be mounted here (${why}).\n\n`,
    );
    return null;
  }
  return {
    directory,
    unmount: () => {
      execFileSync('umount', [directory]);
      rmSync(directory, { recursive: true });
    },
  };
}
