import { createHash } from 'node:crypto';
import { AppError } from '../../platform/errors/app-error';
import { announcedBytes, announcedSha256 } from './raw-body';

const [ONE, TWO] = ['one', 'two'].map((text) => createHash('sha256').update(text).digest()) as [Buffer, Buffer];
const field = (digest: Buffer) => `sha-256=:${digest.toString('base64')}:`;

function codeOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return error instanceof AppError ? error.definition.code : String(error);
  }
}

describe('the announced SHA-256 of a body', () => {
  it.each([
    [{ 'content-digest': field(ONE) }],
    [{ 'repr-digest': field(ONE) }],
    [{ 'content-digest': field(ONE), 'repr-digest': field(ONE) }],
    [{ 'content-digest': `sha-512=:AAAA:, ${field(ONE)}` }],
  ])('is read from %j', (headers) => {
    expect(announcedSha256(headers)).toEqual(ONE);
  });

  it('may be missing, and another algorithm is none', () => {
    expect(announcedSha256({})).toBeUndefined();
    expect(announcedSha256({ 'content-digest': 'sha-512=:AAAA:' })).toBeUndefined();
  });

  it('must not contradict itself', () => {
    const headers = { 'content-digest': field(ONE), 'repr-digest': field(TWO) };
    expect(codeOf(() => announcedSha256(headers))).toBe('UPLOAD.DIGEST_MISMATCH');
  });

  it.each(['sha-256=:AAAA:', 'sha-256=', 'sha-256=:****:'])('must be one: %j', (text) => {
    expect(codeOf(() => announcedSha256({ 'content-digest': text }))).toBe('REQUEST.MALFORMED');
    expect(codeOf(() => announcedSha256({ 'repr-digest': text }))).toBe('REQUEST.MALFORMED');
  });
});

describe('the announced length of a body', () => {
  it('is Content-Length, and unknown without', () => {
    expect(announcedBytes({ 'content-length': '1024' })).toBe(1024);
    expect(announcedBytes({ 'content-length': '0' })).toBe(0);
    expect(announcedBytes({ 'transfer-encoding': 'chunked' })).toBeUndefined();
  });
});
