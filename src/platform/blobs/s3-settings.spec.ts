import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppConfig } from '../config/app-config';
import { ctLen } from '../crypto/chunked-format';
import { partBytesFor, s3Settings } from './s3-settings';

const GIB = 1024 ** 3;
const settings = (env: NodeJS.ProcessEnv = {}) =>
  s3Settings(AppConfig.load({ BLOB_DRIVER: 's3', S3_BUCKET: 'photos', ...env }));

describe('the settings of an object store', () => {
  it('are Amazon’s, with the SDK’s own search for keys, where only a bucket is given', () => {
    expect(settings()).toEqual({
      endpoint: undefined,
      region: 'us-east-1',
      bucket: 'photos',
      prefix: '',
      forcePathStyle: false,
      checksums: 'WHEN_REQUIRED',
      silenceMs: 20_000,
      partBytes: 5 * 1024 * 1024,
    });
  });

  it('take both keys, of which the secret one may be in a file', () => {
    const directory = mkdtempSync(join(tmpdir(), 'photovault-secret-'));
    writeFileSync(join(directory, 'secret'), 'hunter2\n');
    const { credentials } = settings({
      S3_ACCESS_KEY_ID: 'AKIAEXAMPLE',
      S3_SECRET_ACCESS_KEY_FILE: join(directory, 'secret'),
    });
    rmSync(directory, { recursive: true });
    expect(credentials).toEqual({ accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'hunter2' });
  });

  it.each([
    ['vault', 'vault/'],
    ['vault/', 'vault/'],
    ['a.b/c_d-e', 'a.b/c_d-e/'],
  ])('end the prefix %s in a slash, so that it is nobody else’s beginning', (given, prefix) => {
    expect(settings({ S3_PREFIX: given }).prefix).toBe(prefix);
  });

  it('put the bucket into the path at an endpoint of one’s own, unless told not to', () => {
    const endpoint = 'https://s3.example.com';
    expect(settings({ S3_ENDPOINT: endpoint }).forcePathStyle).toBe(true);
    expect(settings({ S3_ENDPOINT: endpoint, S3_FORCE_PATH_STYLE: 'false' }).forcePathStyle).toBe(false);
    expect(settings({ S3_FORCE_PATH_STYLE: 'true' }).forcePathStyle).toBe(true);
  });
});

describe('the size of parts', () => {
  it.each([1, GIB, 10 * GIB, 48 * GIB, 49 * GIB, 100 * GIB, 1024 * GIB])(
    'lets the largest object of %i bytes into 10,000 of them, none below 5 MiB',
    (bytes) => {
      const size = partBytesFor(ctLen(bytes));
      expect(size).toBeGreaterThanOrEqual(5 * 1024 * 1024);
      expect(Math.ceil(ctLen(bytes) / size)).toBeLessThanOrEqual(10_000);
      expect(settings({ UPLOAD_MAX_BYTES: String(bytes) }).partBytes).toBe(size);
    },
  );

  it('stays at 5 MiB for as long as it can', () => {
    expect(partBytesFor(ctLen(10 * GIB))).toBe(5 * 1024 * 1024);
  });
});
