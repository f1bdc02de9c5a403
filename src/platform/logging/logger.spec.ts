import { QueryFailedError } from 'typeorm';
import { createLogger, describeError } from './logger';

/** What is written for a record. */
function written(record: object, level = 'info'): string {
  const lines: string[] = [];
  createLogger(level, { write: (line) => void lines.push(line) }).info(record, 'text');
  return lines.join('');
}

describe('the log', () => {
  it.each(['authorization', 'cookie', 'pin', 'token', 'password', 'sessionToken', 'deviceToken', 'secret', 'key'])(
    'holds no %s, on its own or inside of something',
    (field) => {
      for (const record of [
        { [field]: 'hunter2' },
        { a: { [field]: 'hunter2' } },
        { a: { b: { [field]: 'hunter2' } } },
      ]) {
        expect(written(record)).not.toContain('hunter2');
        expect(written(record)).toContain('[redacted]');
      }
    },
  );

  it('says when, how grave and what, and nothing of the machine', () => {
    expect(JSON.parse(written({ requestId: 'r1' }))).toEqual({
      level: 30,
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
      requestId: 'r1',
      msg: 'text',
    });
  });

  it('is silent when it is told to be', () => {
    expect(written({}, 'silent')).toBe('');
  });
});

describe('an error in the log', () => {
  it('is its name, message, code, stack and cause', () => {
    const cause = Object.assign(new TypeError('inner'), { code: 'EINNER' });
    const described = describeError(Object.assign(new Error('outer', { cause }), { code: 'EOUTER' }));
    expect(described).toMatchObject({ type: 'Error', message: 'outer', code: 'EOUTER' });
    expect(described.stack).toContain('logger.spec.ts');
    expect(described.cause).toMatchObject({ type: 'TypeError', message: 'inner', code: 'EINNER' });
  });

  it('is nothing else of it: a failed statement carries its parameters, PostgreSQL’s detail a row', () => {
    const driverError = Object.assign(new Error('duplicate key value violates unique constraint "uq_x"'), {
      code: '23505',
      detail: 'Key (email)=(alice@example.com) already exists.',
    });
    const error = new QueryFailedError('INSERT INTO users VALUES ($1)', ['alice@example.com'], driverError);
    const line = written({ err: error });
    expect(line).toContain('uq_x');
    expect(line).not.toContain('alice');
  });

  it('may be something that is no error, which is not repeated', () => {
    expect(describeError('hunter2')).toEqual({ type: 'string', message: 'a value that is not an error was thrown' });
  });
});
