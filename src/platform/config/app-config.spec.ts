import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import addressparser from 'nodemailer/lib/addressparser';
import { AppConfig } from './app-config';
import { ConfigError } from './config-error';

/** The problems that an environment has. */
function problems(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    AppConfig.load(env);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).problems;
  }
  return [];
}

describe('AppConfig', () => {
  it('runs on nothing at all', () => {
    const config = AppConfig.load({});
    expect(config.get('HOST')).toBe('127.0.0.1');
    expect(config.get('PORT')).toBe(3000);
    expect(config.get('DB_URL')).toBeUndefined();
    expect(config.get('UPLOAD_MAX_BYTES')).toBe(10_737_418_240);
    expect(config.publicUrl).toBe('http://localhost:3000');
    expect(config.dataDir).toBe(resolve('data'));
    expect(config.masterKeyFile).toBe(resolve('data/master.key'));
  });

  it('takes an empty variable for an unset one, as compose files pass them', () => {
    const empty = { PORT: '', DB_URL: '', DB_URL_FILE: '', LOG_LEVEL: '', UPLOAD_TYPES: '' };
    expect(AppConfig.load(empty)).toEqual(AppConfig.load({}));
  });

  it('lets strangers ask as often as the limits on PINs mean to let them, and 600 times a minute at least', () => {
    const rate = (env: NodeJS.ProcessEnv) => AppConfig.load(env).publicRatePerMinute;
    expect(rate({})).toBe(600);
    expect(rate({ PIN_VERIFIES_PER_IP: '1000', PIN_REQUESTS_PER_IP_HOUR: '500' })).toBe(7500);
    expect(rate({ PIN_VERIFIES_PER_IP: '1000', RATE_LIMIT_PUBLIC_PER_MINUTE: '7' })).toBe(7);
  });

  it('reads every kind of setting', () => {
    const config = AppConfig.load({
      PORT: '0',
      PUBLIC_URL: 'https://photos.example.com/vault//',
      DATA_DIR: '/srv/photos',
      DB_URL: 'postgresql://vault@db/photos',
      REDIS_URL: 'rediss://:word@redis.example.com:6380/2',
      TRUST_PROXY: 'loopback, 10.0.0.0/8,192.0.2.1, 2001:db8::/32,::1',
      SMTP_URL: 'smtps://user:word@mail.example.com',
      UPLOAD_TYPES: 'image/jpeg, image/heic',
      LOG_LEVEL: 'trace',
    });
    expect(config.get('PORT')).toBe(0);
    expect(config.publicUrl).toBe('https://photos.example.com/vault');
    expect(config.masterKeyFile).toBe('/srv/photos/master.key');
    expect(config.get('DB_URL')).toBe('postgresql://vault@db/photos');
    expect(config.get('REDIS_URL')).toBe('rediss://:word@redis.example.com:6380/2');
    expect(config.get('TRUST_PROXY')).toEqual(['loopback', '10.0.0.0/8', '192.0.2.1', '2001:db8::/32', '::1']);
    expect(config.get('UPLOAD_TYPES')).toEqual(['image/jpeg', 'image/heic']);
    expect(config.get('LOG_LEVEL')).toBe('trace');
  });

  it.each([
    ['PORT', 'three', 'must be a whole number from 0 to 65535'],
    ['PORT', '65536', 'must be a whole number from 0 to 65535'],
    ['PORT', '-1', 'must be a whole number from 0 to 65535'],
    ['PORT', ' 80', 'must be a whole number from 0 to 65535'],
    ['PORT', '80.5', 'must be a whole number from 0 to 65535'],
    ['PORT', '0x50', 'must be a whole number from 0 to 65535'],
    ['UPLOAD_MAX_BYTES', '1e9', 'must be a whole number from 1 to 1099511627776'],
    ['UPLOAD_MAX_BYTES', '10GiB', 'must be a whole number from 1 to 1099511627776'],
    ['UPLOAD_MAX_BYTES', '99999999999999999999', 'must be a whole number from 1 to 1099511627776'],
    ['PIN_DIGITS', '3', 'must be a whole number from 4 to 9'],
    ['SESSION_IDLE_SECONDS', '0', 'must be a whole number from 1 to 31536000'],
    ['LOG_LEVEL', 'INFO', 'must be one of fatal, error, warn, info, debug, trace'],
    ['DB_URL', 'mysql://db/photos', 'must be a URL that starts with postgres:// or postgresql://'],
    ['DB_URL', 'db.example.com', 'must be a URL that starts with postgres:// or postgresql://'],
    ['REDIS_URL', 'http://redis.example.com', 'must be a URL that starts with redis:// or rediss://'],
    ['REDIS_URL', 'redis.example.com:6379', 'must be a URL that starts with redis:// or rediss://'],
    ['REDIS_URL', 'redis://redis.example.com:99999', 'must be a URL that starts with redis:// or rediss://'],
    ['SMTP_URL', 'http://mail.example.com', 'must be a URL that starts with smtp:// or smtps://'],
    [
      'SMTP_URL',
      'smtp://mail.example.com:abc',
      'must be a URL that starts with smtp:// or smtps://, such as smtp://user:',
    ],
    ['PUBLIC_URL', 'https://', 'must be a URL that starts with http:// or https://'],
    ['PUBLIC_URL', 'photos.example.com', 'must be a URL that starts with http:// or https://'],
    ['BLOB_DRIVER', 'S3', 'must be one of local, s3'],
    ['S3_ENDPOINT', 'minio:9000', 'must be a URL that starts with http:// or https://'],
    ['S3_ENDPOINT', 'https://key:secret@minio', 'must be a URL that starts with http:// or https://'],
    ['S3_BUCKET', 'photos/vault', 'must be the name of a bucket'],
    ['S3_BUCKET', 'ab', 'must be the name of a bucket'],
    ['S3_PREFIX', '/vault', 'must be names of letters, digits, dots, hyphens and underscores, separated by slashes'],
    ['S3_PREFIX', 'vault//a', 'must be names of letters, digits, dots, hyphens and underscores, separated by slashes'],
    ['S3_PREFIX', 'a/../b', 'must be names of letters, digits, dots, hyphens and underscores, separated by slashes'],
    ['S3_FORCE_PATH_STYLE', 'yes', 'must be one of true, false'],
    ['S3_CHECKSUMS', 'when_required', 'must be one of WHEN_REQUIRED, WHEN_SUPPORTED'],
    ['UPLOAD_TYPES', 'image/jpeg,image/svg+xml', 'must be a comma-separated list of media types that the vault can'],
    ['UPLOAD_TYPES', 'image/jpeg,', 'must be a comma-separated list of media types that the vault can'],
    ['UPLOAD_TYPES', 'image/x-adobe-dngs', 'must be a comma-separated list of media types that the vault can'],
  ])('refuses %s=%s', (name, value, sentence) => {
    expect(problems({ [name]: value })).toEqual([expect.stringContaining(`${name} ${sentence}`)]);
  });

  it.each([
    ...[
      'smtp://user:hunter2@mail.example.com:99999',
      'smtp://mail.example.com:0',
      'smtps://',
      'smtp://:25',
      'smtp:///x',
    ],
    ...['smtp://mail.example.com?port=abc', 'smtp://mail example.com', 'smtp://mail.example.com\n', 'smtp://a%20b'],
    'smtp://user:pass/word@mail.example.com',
  ])('refuses SMTP_URL=%j, in which nodemailer would find no server', (value) => {
    expect(problems({ SMTP_URL: value })).toEqual([
      'SMTP_URL must be a URL that starts with smtp:// or smtps://, such as smtp://user:password@mail.example.com:587',
    ]);
  });

  const pair = { S3_ACCESS_KEY_ID: 'AKIAEXAMPLE', S3_SECRET_ACCESS_KEY: 'hunter2' };

  it.each<[string, NodeJS.ProcessEnv, string]>([
    ['an object store without a bucket', { BLOB_DRIVER: 's3' }, 'S3_BUCKET must be given with BLOB_DRIVER=s3'],
    [
      'a key without its secret',
      { ...pair, S3_SECRET_ACCESS_KEY: '' },
      'S3_SECRET_ACCESS_KEY must be given with S3_ACCESS_KEY_ID',
    ],
    [
      'a secret without its key',
      { ...pair, S3_ACCESS_KEY_ID: '' },
      'S3_ACCESS_KEY_ID must be given with S3_SECRET_ACCESS_KEY',
    ],
  ])('refuses %s', (_, env, sentence) => {
    expect(problems(env)).toEqual([sentence]);
  });

  it('does not miss a bucket whose name it has refused', () => {
    expect(problems({ BLOB_DRIVER: 's3', S3_BUCKET: 'a' })).toEqual([expect.stringContaining('the name of a bucket')]);
  });

  it.each(['smtp://localhost', 'smtp://[::1]:1025', 'smtps://:word@bücher.example?tls.rejectUnauthorized=false'])(
    'takes SMTP_URL=%s',
    (value) => {
      expect(AppConfig.load({ SMTP_URL: value }).get('SMTP_URL')).toBe(value);
    },
  );

  it.each([
    ...['nobody', '<>', ' ', '@example.com', 'vault@', 'a@b@example.com', 'vault@example.com, other@example.com'],
    ...['Vault <vault@example.com>, Other <other@example.com>', 'Vault <vault@example.com', 'vault@example.com>'],
    ...['Vault vault@example.com', 'Vault: vault@example.com;', 'Vault; <vault@example.com>', 'Vault <nobody>'],
    ...['vault@example.com\r\nBcc: mallory@example.com', 'Va\nult <vault@example.com>', 'Va\0ult <vault@example.com>'],
    ...['Vault <vault@example.com> (home)', '"Vault <vault@example.com>', '(Vault <vault@example.com>'],
  ])('refuses MAIL_FROM=%j, which is not one address', (value) => {
    expect(problems({ MAIL_FROM: value })).toEqual([
      'MAIL_FROM must be one address: vault@example.com, Vault <vault@example.com> or "Vault: home" <vault@example.com>',
    ]);
  });

  it.each([
    ['vault@example.com', '', 'vault@example.com'],
    ['<vault@example.com>', '', 'vault@example.com'],
    ['Photovault <photovault@localhost>', 'Photovault', 'photovault@localhost'],
    ['Müller & Söhne’s <vault+pin@bücher.example>', 'Müller & Söhne’s', 'vault+pin@bücher.example'],
    ['"Vault, at: home; (2)"<vault@[192.0.2.1]>', 'Vault, at: home; (2)', 'vault@[192.0.2.1]'],
  ])('takes MAIL_FROM=%s, in which nodemailer finds one address', (value, name, address) => {
    expect(AppConfig.load({ MAIL_FROM: value }).get('MAIL_FROM')).toBe(value);
    expect(addressparser(value)).toEqual([{ name, address }]);
  });

  it.each([
    ...['http:///x', 'http://:80', 'https://photos.example.com:99999', 'https://photos example.com'],
    ...['https://photos.example.com\n', 'https://photos.example.com/va\nult', 'https://photos.example.com/\u202e'],
    ...['https://user:hunter2@photos.example.com', 'https://user@photos.example.com', 'https://@photos.example.com'],
    ...['https://photos.example.com?', 'https://photos.example.com/?a=b', 'https://photos.example.com/#a'],
    'https://photos.example.com\\@evil.example',
  ])('refuses PUBLIC_URL=%j, which is not where the vault is', (value) => {
    expect(problems({ PUBLIC_URL: value })).toEqual([
      'PUBLIC_URL must be a URL that starts with http:// or https://, with a host, and without user, query, fragment and spaces',
    ]);
  });

  it.each(['http://localhost', 'http://[::1]:3000', 'https://bücher.example/vault/'])(
    'takes PUBLIC_URL=%s',
    (value) => {
      expect(AppConfig.load({ PUBLIC_URL: value }).get('PUBLIC_URL')).toBe(value);
    },
  );

  it.each([
    ...[
      'postgres://u:hunter2@[db/photos',
      'postgres://u:hunter2@db:99999/photos',
      'postgres://u:hunter2@db:abc/photos',
    ],
    'postgres://u:hunter2%ff@db/photos',
  ])('refuses DB_URL=%s, which nobody can connect to', (value) => {
    const found = problems({ DB_URL: value, PORT: 'abc' });
    expect(found.map((problem) => problem.split(' ')[0])).toEqual(['PORT', 'DB_URL']);
    expect(found.join()).not.toContain('hunter2');
  });

  it.each([
    ...['postgres://', 'postgres:///photos?host=/run/postgresql', 'postgresql://vault@%2Frun%2Fpostgresql/photos'],
    ...[
      'postgres://vault:pass word@db/photos',
      'postgresql://vault@[::1]:5433/photos?sslmode=disable&options=-c%20x%3Dy',
    ],
    'postgres://db/photos?sslrootcert=/not/there/yet.pem',
  ])('takes DB_URL=%s', (value) => {
    expect(AppConfig.load({ DB_URL: value }).get('DB_URL')).toBe(value);
  });

  it.each([
    ...['redis://redis.example.com/abc', 'redis://redis.example.com/1/2', 'redis://redis.example.com/-1'],
    ...['redis://redis.example.com/1x', 'redis://redis.example.com/0\n', 'redis://redis.example.com:abc/0'],
  ])('refuses REDIS_URL=%j, which names no database', (value) => {
    expect(problems({ REDIS_URL: value })).toEqual([
      'REDIS_URL must be a URL that starts with redis:// or rediss://, and after its host has at most the number of a database',
    ]);
  });

  it.each(['redis://localhost', 'redis://localhost/', 'redis://localhost:6379/15', 'redis://localhost/0?family=6'])(
    'takes REDIS_URL=%s',
    (value) => {
      expect(AppConfig.load({ REDIS_URL: value }).get('REDIS_URL')).toBe(value);
    },
  );

  it.each(
    ['true', '1', '*', '10.0.0.1,', '10.0.0', '10.0.0.1:80', '10.0.0.0/0', '10.0.0.0/33', '10.0.0.0/255.0.0.0'].concat([
      '::/129',
      'fe80::1%eth0',
      'proxy.example.com',
      'uniquelocal',
      'Loopback',
    ]),
  )('refuses TRUST_PROXY=%s: proxies are named, never counted or guessed', (value) => {
    expect(problems({ TRUST_PROXY: value })).toEqual([
      'TRUST_PROXY must be a comma-separated list of addresses, networks or loopback',
    ]);
  });

  it('names every bad variable at once, and repeats no value: one of them may be a password', () => {
    const bad = {
      PORT: 'hunter2',
      DB_URL: 'hunter2',
      REDIS_URL: 'hunter2',
      TRUST_PROXY: 'hunter2',
      SMTP_URL: 'smtp://user:hunter2@mail.example.com:abc',
      MAIL_FROM: 'hunter2',
      UPLOAD_TYPES: 'hunter2',
      LOG_LEVEL: 'hunter2',
      PUBLIC_URL: 'hunter2',
    };
    const found = problems(bad);
    expect(found.map((problem) => problem.split(' ')[0]).sort()).toEqual(Object.keys(bad).sort());
    const { message } = new ConfigError(found);
    for (const problem of found) expect(message).toContain(`\n  - ${problem}`);
    expect(message).not.toContain('hunter2');
  });

  it('refuses settings that contradict each other', () => {
    expect(problems({ SESSION_IDLE_SECONDS: '100', SESSION_ABSOLUTE_SECONDS: '99' })).toEqual([
      'SESSION_IDLE_SECONDS must not be larger than SESSION_ABSOLUTE_SECONDS',
    ]);
  });

  it('names those beside every other bad variable, and not what is bad by itself', () => {
    const bad = {
      PORT: 'abc',
      SESSION_IDLE_SECONDS: '100',
      SESSION_ABSOLUTE_SECONDS: '99',
      SESSION_REMEMBER_IDLE_SECONDS: '100',
      SESSION_REMEMBER_ABSOLUTE_SECONDS: 'abc',
    };
    expect(problems(bad)).toEqual([
      'PORT must be a whole number from 0 to 65535',
      'SESSION_REMEMBER_ABSOLUTE_SECONDS must be a whole number from 1 to 31536000',
      'SESSION_IDLE_SECONDS must not be larger than SESSION_ABSOLUTE_SECONDS',
    ]);
  });

  it('cannot be changed afterwards', () => {
    const { values } = AppConfig.load({}) as unknown as { values: { PORT: number } };
    expect(() => (values.PORT = 1)).toThrow(TypeError);
  });
});

describe('a secret in a file', () => {
  let directory: string;
  beforeAll(() => (directory = mkdtempSync(join(tmpdir(), 'photovault-config-'))));
  afterAll(() => rmSync(directory, { recursive: true }));

  function secretFile(text: string): string {
    const file = join(directory, 'secret');
    writeFileSync(file, text);
    return file;
  }

  it('is read without the end of its line', () => {
    const DB_URL_FILE = secretFile('postgres://vault:hunter2@db/photos\n');
    expect(AppConfig.load({ DB_URL_FILE }).get('DB_URL')).toBe('postgres://vault:hunter2@db/photos');
  });

  it('is checked like the variable itself, and not repeated either', () => {
    for (const text of ['hunter2', '']) {
      const [problem = '', ...others] = problems({ DB_URL_FILE: secretFile(text) });
      expect(problem).toMatch(/^DB_URL must be a URL that starts with postgres:\/\/ or postgresql:\/\//);
      if (text) expect(problem).not.toContain(text);
      expect(others).toEqual([]);
    }
  });

  it('is not given twice', () => {
    const DB_URL_FILE = secretFile('postgres://db/photos');
    expect(problems({ DB_URL_FILE, DB_URL: 'postgres://db/photos' })).toEqual([
      'DB_URL is given twice, also as DB_URL_FILE',
    ]);
  });

  it('must be readable', () => {
    expect(problems({ SMTP_URL_FILE: join(directory, 'nothing') })).toEqual([
      'SMTP_URL is to be read from SMTP_URL_FILE, which cannot be (ENOENT)',
    ]);
  });

  it('is for secrets only: elsewhere NAME_FILE is nobody’s variable', () => {
    expect(AppConfig.load({ PORT_FILE: secretFile('80') }).get('PORT')).toBe(3000);
  });
});
