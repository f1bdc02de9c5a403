import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import 'reflect-metadata';
import '../../src/app.module';
import { defineError, definedErrors } from '../../src/platform/errors/error-registry';

const ROOT = resolve(__dirname, '../..');

describe('the error registry', () => {
  it('has codes of the form NOUN.REASON, each once', () => {
    const codes = definedErrors().map(({ code }) => code);
    expect(codes.length).toBeGreaterThan(20);
    expect(codes.filter((code) => !/^[A-Z]+\.[A-Z]+(_[A-Z]+)*$/.test(code))).toEqual([]);
    expect(new Set(codes).size).toBe(codes.length);
  });

  it('refuses a code that is taken', () => {
    expect(() => defineError('FILE.NOT_FOUND', 404, 'Again.')).toThrow('FILE.NOT_FOUND is defined twice');
  });

  it('has an error status and a sentence for each, and is loud about faults of the server only', () => {
    const odd = definedErrors().filter(
      ({ status, title, level }) =>
        status < 400 || status > 599 || !/^[A-Z].*\.$/.test(title) || (level === 'error' && status < 500),
    );
    expect(odd).toEqual([]);
  });

  it('is filled by *.errors.ts alone', () => {
    const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
    const elsewhere = sources.filter(
      (file) =>
        /(?<!\.errors|\.spec|error-registry)\.ts$/.test(file) &&
        readFileSync(join(ROOT, 'src', file), 'utf8').includes('defineError('),
    );
    expect(elsewhere).toEqual([]);
  });

  it('is what docs/errors.md says, in both directions', () => {
    const rows = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8').matchAll(
      /^\| `([^`]+)` \| (\d+) \| ([^|]+) \| ([^|]+) \|$/gm,
    );
    const documented = Array.from(rows, ([, code, status, title, advice]) => {
      return { code, status: Number(status), title, advised: (advice ?? '').length > 10 };
    });
    expect(documented).toEqual(
      definedErrors().map(({ code, status, title }) => ({ code, status, title, advised: true })),
    );
  });
});
