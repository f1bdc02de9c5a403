import { v7 as uuidv7 } from 'uuid';
import { decodeCursor, encodeCursor } from './cursor';

const ID = '019ab0c4-7d1f-7c55-8a0e-3f3d7b2b9c11';
const encode = (text: string) => Buffer.from(text).toString('base64url');

describe('a cursor', () => {
  it.each([
    '2026-11-20T10:00:00.123Z',
    '1970-01-01T00:00:00.000Z',
    '1899-12-31T23:59:59.999Z',
    '0000-01-01T00:00:00.000Z',
    '9999-12-31T23:59:59.999Z',
  ])('of %s leads back to its position', (time) => {
    const position = { at: new Date(time), id: uuidv7() };
    expect(decodeCursor(encodeCursor(position))).toEqual(position);
  });

  it('can stand in a URL as it is', () => {
    expect(encodeCursor({ at: new Date(), id: ID })).toMatch(/^[\w-]{1,128}$/);
  });

  it.each([
    ['nothing', ''],
    ['words', 'next'],
    ['JSON', encode('{"at":0,"id":"x"}')],
    ['SQL', encode(`0.${ID.replaceAll('-', '')}' OR 1=1`)],
    ['an id with hyphens', encode(`0.${ID}`)],
    ['half an id', encode('0.019ab0c4')],
    ['an id in capitals', encode(`0.${ID.replaceAll('-', '').toUpperCase()}`)],
    ['no time', encode(`.${ID.replaceAll('-', '')}`)],
    ['a time that is no date', encode(`zzzzzzzzzzz.${ID.replaceAll('-', '')}`)],
    ['a time before all dates', encode(`-zzzzzzzzzzz.${ID.replaceAll('-', '')}`)],
    ['a time that no file can have', encodeCursor({ at: new Date('+010000-01-01T00:00:00Z'), id: ID })],
    ['two lines', encode(`0.${ID.replaceAll('-', '')}\n`)],
  ])('is not %s', (_what, cursor) => {
    expect(decodeCursor(cursor)).toBeNull();
  });
});
