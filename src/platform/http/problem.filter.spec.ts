import { BadRequestException, NotFoundException, PayloadTooLargeException } from '@nestjs/common';
import { QueryFailedError } from 'typeorm';
import { RequestErrors } from './http.errors';
import { toAppError } from './problem.filter';

const coded = (code: string) => Object.assign(new Error('x'), { code });

describe('whatever is thrown has a code', () => {
  it('its own, when it is one of ours', () => {
    const error = RequestErrors.invalid({ detail: 'why' });
    expect(toAppError(error)).toBe(error);
  });

  it.each<[string, unknown, string]>([
    ['a route that Nest does not know', new NotFoundException('Cannot GET /secret'), 'ROUTE.NOT_FOUND'],
    ['JSON that cannot be read', new BadRequestException('Unexpected token h in "hunter2"'), 'REQUEST.MALFORMED'],
    ['a body parser’s own error', Object.assign(new Error('too big'), { status: 413 }), 'REQUEST.TOO_LARGE'],
    ['the same from Nest', new PayloadTooLargeException(), 'REQUEST.TOO_LARGE'],
    ['a charset that Express cannot read', Object.assign(new Error('x'), { status: 415 }), 'REQUEST.UNSUPPORTED_TYPE'],
    ['the database’s restart', new QueryFailedError('SELECT 1', [], coded('57P01')), 'SERVER.DATABASE_AWAY'],
    ['a fault of ours', new TypeError('x is not a function'), 'SERVER.INTERNAL'],
    ['a statement of ours', new QueryFailedError('SELEC 1', ['hunter2'], coded('42601')), 'SERVER.INTERNAL'],
    ['a status that nobody has planned', Object.assign(new Error('x'), { status: 418 }), 'SERVER.INTERNAL'],
    ['a string', 'hunter2', 'SERVER.INTERNAL'],
    ['nothing', undefined, 'SERVER.INTERNAL'],
    ['null', null, 'SERVER.INTERNAL'],
  ])('%s', (_what, thrown, code) => {
    const error = toAppError(thrown);
    expect(error.definition.code).toBe(code);
    expect(error.cause).toBe(thrown);
    // What others say is for the log; the client gets our own words.
    expect([error.detail, error.errors]).toEqual([undefined, undefined]);
  });
});
