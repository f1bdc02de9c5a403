import { rmSync } from 'node:fs';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { type Outcome, startCommand } from '../support/vault-command';
import { VaultHome } from '../support/vault-home';

// The built command before the servers, as a deployment runs it: once, with their settings.

jest.setTimeout(90_000);

let database: TestDatabase;
let home: VaultHome;
let key: string;

beforeEach(async () => {
  database = await createTestDatabase('empty');
  home = await VaultHome.create({ DB_URL: database.url });
  key = `${home.directory}/keys/master.key`;
});
afterEach(async () => {
  await home.close();
  await database.drop();
});

const migrate = (...args: string[]): Promise<Outcome> =>
  startCommand(home, ['migrate', ...args], { env: { DB_URL: database.url, VAULT_MASTER_KEY_FILE: key } }).outcome;

describe('vault migrate', () => {
  it('makes key and schema once, loud about the key, and servers then share both', async () => {
    const first = await migrate();
    const ready = `The database has the newest schema, and ${key} opens it.\n`;
    expect(first).toMatchObject({ code: 0, stdout: ready });
    expect(first.stderr).toMatch(/^vault: NEW MASTER KEY in .*master\.key: BACK IT UP NOW[^\n]*\n$/);
    const schema = await home.query('SELECT name FROM migrations ORDER BY id');
    expect(schema.length).toBeGreaterThan(0);
    expect(await migrate()).toEqual({ code: 0, stdout: ready, stderr: '' });
    expect(await home.query('SELECT name FROM migrations ORDER BY id')).toEqual(schema);

    const [a, b] = [home.start({ VAULT_MASTER_KEY_FILE: key }), home.start({ VAULT_MASTER_KEY_FILE: key })];
    const alice = await a.signUp('alice@example.com');
    expect((await (await b.clientOf(alice)).list()).status).toBe(200);
    expect(a.stdout.text + b.stdout.text).not.toContain('NEW MASTER KEY');
  });

  it('ends well twice at the same moment', async () => {
    const outcomes = await Promise.all([migrate('--json'), migrate('--json')]);
    expect(outcomes.map(({ code, stdout }) => ({ code, said: JSON.parse(stdout) as unknown }))).toEqual(
      [0, 1].map(() => ({ code: 0, said: { masterKeyFile: key } })),
    );
    expect(outcomes.filter(({ stderr }) => stderr.includes('NEW MASTER KEY'))).toHaveLength(1);
  });

  it('makes no second key for a database that has one', async () => {
    await migrate();
    rmSync(key);
    const { code, stderr } = await migrate();
    expect(code).toBe(78);
    expect(stderr).toMatch(/^vault: The master key file .* is missing/);
    expect((await migrate()).code).toBe(78);
  });
});
