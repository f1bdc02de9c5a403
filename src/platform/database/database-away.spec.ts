import { QueryFailedError } from 'typeorm';
import { isDatabaseAway } from './database-away';

const coded = (code: string, more: object = {}) => Object.assign(new Error('x'), { code, ...more });

describe('the database is away', () => {
  it.each([
    ['nobody listens', coded('ECONNREFUSED', { syscall: 'connect' })],
    ['its socket is gone', coded('ENOENT', { syscall: 'connect' })],
    ['its name is unknown', coded('ENOTFOUND', { syscall: 'getaddrinfo' })],
    ['it broke the connection', coded('ECONNRESET', { syscall: 'read' })],
    ['it shuts down', coded('57P01')],
    ['it crashed', coded('57P02')],
    ['it starts', coded('57P03')],
    ['it has no connection left', coded('53300')],
    ['the connection failed', coded('08006')],
    ['the connection ended', new Error('Connection terminated unexpectedly')],
    ['the pool waited in vain', new Error('timeout exceeded when trying to connect')],
    ['TypeORM says so', new QueryFailedError('SELECT 1', [], coded('57P01'))],
  ])('when %s', (_when, error) => {
    expect(isDatabaseAway(error)).toBe(true);
  });

  it.each([
    ['a file is missing', coded('ENOENT', { syscall: 'open', path: '/photo' })],
    ['a pipe to a client broke on a file', coded('EPIPE', { syscall: 'write', path: '/photo' })],
    ['a value is taken', coded('23505')],
    ['a statement is wrong', new QueryFailedError('SELEC 1', [], coded('42601'))],
    ['a statement took too long', coded('57014')],
    ['something else failed', new Error('no')],
    ['what was thrown is no error', 'ECONNREFUSED'],
    ['nothing was thrown', undefined],
  ])('is not what is wrong when %s', (_when, error) => {
    expect(isDatabaseAway(error)).toBe(false);
  });
});
