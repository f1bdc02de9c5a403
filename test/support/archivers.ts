import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { askPython, hasPython } from './python';

/** What a manifest and the archive around it say of each other. */
export interface CheckedArchive {
  readonly entries: number;
  readonly files: number;
  /** Bytes of the largest entry. */
  readonly largest: number;
  /** Paths of files whose bytes are not those of the manifest. */
  readonly wrong: string[];
}

/** 7-Zip has three names, and which one a system has depends on its age. */
const SEVEN_ZIP = ['7zz', '7z', '7za'].find((name) => spawnSync(name, ['i']).status === 0);
const hasUnzip = spawnSync('unzip', ['-v']).status === 0;

/** Checks every entry of an archive's manifest against its bytes; Python itself checks CRC and lengths. */
const CHECK = `
import hashlib, json, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as z:
    manifest, wrong = json.load(z.open('manifest.json')), []
    for f in manifest['files']:
        h = hashlib.sha256()
        with z.open(f['path']) as e:
            while block := e.read(1 << 20): h.update(block)
        if h.hexdigest() != f['sha256'] or z.getinfo(f['path']).file_size != f['size']: wrong.append(f['path'])
    infos = z.infolist()
    print(json.dumps({'entries': len(infos), 'files': len(manifest['files']), 'largest': max(i.file_size for i in infos), 'wrong': wrong}))`;

/** Has unzip and 7-Zip test a file, where they are installed. @returns the names of those that found something wrong */
export function complaintsAbout(path: string): string[] {
  return [...(hasUnzip ? [['unzip', '-tqq', path]] : []), ...(SEVEN_ZIP ? [[SEVEN_ZIP, 't', '-bso0', path]] : [])]
    .filter(([program = '', ...args]) => spawnSync(program, args, { stdio: 'ignore' }).status !== 0)
    .map(([program = '']) => program);
}

/**
 * Has each of those that are installed unpack a file.
 * @returns by program, the paths of the files that came of it, in order; null where it failed
 */
export function unpackedBy(path: string): Record<string, string[] | null> {
  const programs: (readonly [string, ...string[]])[] = [
    ...(hasUnzip ? [['unzip', '-qq', path, '-d'] as const] : []),
    ...(SEVEN_ZIP ? [[SEVEN_ZIP, 'x', '-bso0', path, '-o'] as const] : []),
    ...(hasPython ? [['python3', '-m', 'zipfile', '-e', path] as const] : []),
  ];
  return Object.fromEntries(
    programs.map(([program, ...args]) => {
      const directory = mkdtempSync(join(tmpdir(), 'photovault-unpacked-'));
      try {
        // 7-Zip wants its option and the directory as one word.
        const all = args.at(-1) === '-o' ? [...args.slice(0, -1), `-o${directory}`] : [...args, directory];
        const { status } = spawnSync(program, all, { stdio: 'ignore', env: { ...process.env, LC_ALL: 'C.UTF-8' } });
        return [program, status === 0 ? filesBelow(directory) : null];
      } finally {
        rmSync(directory, { recursive: true });
      }
    }),
  );
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .sort();
}

/** Has Python hold an export against its own manifest; null where it is not installed. */
export function checkByManifest(path: string): CheckedArchive | null {
  return hasPython ? askPython<CheckedArchive>(CHECK, path) : null;
}

/** Says loudly which of them are not here. @param what is tested less for it */
export function sayWhoIsMissing(what: string): void {
  const missing = [...(hasUnzip ? [] : ['unzip']), ...(SEVEN_ZIP ? [] : ['7zip']), ...(hasPython ? [] : ['python3'])];
  if (missing.length > 0) process.stderr.write(`\nNOT RUN: ${what}. Install ${missing.join(', ')}.\n\n`);
}
