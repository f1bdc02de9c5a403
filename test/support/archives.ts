import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askPython } from './python';

/** An entry of a ZIP as Python's zipfile sees it. */
export interface ArchiveEntry {
  readonly name: string;
  /** null for a directory. */
  readonly sha256: string | null;
  /** By MS-DOS: in UTC, every other second. */
  readonly time: string;
}

const READ = `
import datetime, hashlib, json, sys, zipfile
def digest(z, i):
    h = hashlib.sha256()
    with z.open(i) as f:
        while block := f.read(1 << 20): h.update(block)
    return h.hexdigest()
with zipfile.ZipFile(sys.argv[1]) as z:
    print(json.dumps([{
        'name': i.filename, 'sha256': None if i.is_dir() else digest(z, i),
        'time': datetime.datetime(*i.date_time).isoformat() + 'Z',
    } for i in z.infolist()]))`;

/** What Python finds in an archive; it checks every checksum on its way. */
export function readArchive(bytes: Buffer): ArchiveEntry[] {
  const directory = mkdtempSync(join(tmpdir(), 'photovault-zip-'));
  try {
    const file = join(directory, 'archive.zip');
    writeFileSync(file, bytes);
    return readArchiveFile(file);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The same of a file that is too large to hold. */
export function readArchiveFile(path: string): ArchiveEntry[] {
  return askPython<ArchiveEntry[]>(READ, path);
}

/** SHA-256 of the files of an archive by their names. */
export function unpack(bytes: Buffer): Record<string, string> {
  return Object.fromEntries(
    readArchive(bytes).flatMap(({ name, sha256 }) => (sha256 === null ? [] : [[name, sha256] as const])),
  );
}
