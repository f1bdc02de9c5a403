import { dataSourceOptions } from './data-source-options';
import { violatedUnique } from './prepared-statements';
import { SnakeNamingStrategy } from './snake-naming.strategy';
import { isUuid } from './uuid';

describe('the options of a data source', () => {
  it('leave the reading of the URL to pg, which knows sockets and options', () => {
    const url = 'postgresql:///photos?host=/run/photovault';
    expect(dataSourceOptions(url, [], [])).toMatchObject({ extra: { connectionString: url } });
  });

  it('never change a schema by themselves and never log a statement', () => {
    expect(dataSourceOptions('postgres://db/photos', [], [])).toMatchObject({
      synchronize: false,
      logging: false,
      installExtensions: false,
    });
  });
});

describe('a violated constraint', () => {
  it('is named, however deep the error is wrapped', () => {
    const error = { code: '23505', constraint: 'uq_files_blob_id' };
    expect(violatedUnique(error)).toBe('uq_files_blob_id');
    expect(violatedUnique({ driverError: error })).toBe('uq_files_blob_id');
  });

  it.each([[{ code: '23503', constraint: 'fk_x' }], [new Error('no')], [null], [undefined], ['23505']])(
    'is not in %p',
    (error) => expect(violatedUnique(error)).toBeNull(),
  );
});

describe('a name in the database', () => {
  it.each([
    ['ownerId', 'owner_id'],
    ['ctCrc32', 'ct_crc32'],
    ['id', 'id'],
    ['idleExpiresAt', 'idle_expires_at'],
  ])('of %s is %s', (property, column) => {
    expect(new SnakeNamingStrategy().columnName(property, undefined, [])).toBe(column);
  });
});

describe('a uuid', () => {
  it('is what PostgreSQL would take', () => {
    expect(isUuid('019ab0c4-7d1f-7c55-8a0e-3f3d7b2b9c11')).toBe(true);
    expect(isUuid('019AB0C4-7D1F-7C55-8A0E-3F3D7B2B9C11')).toBe(true);
  });

  it.each(['', '1', '019ab0c47d1f7c558a0e3f3d7b2b9c11', '{019ab0c4-7d1f-7c55-8a0e-3f3d7b2b9c11}', `${'0'.repeat(36)}`])(
    'is not %j',
    (text) => expect(isUuid(text)).toBe(false),
  );
});
