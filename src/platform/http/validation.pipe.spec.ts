import 'reflect-metadata';
import { Type } from 'class-transformer';
import { IsInt, IsString, Max, MaxLength, ValidateNested } from 'class-validator';
import type { AppError } from '../errors/app-error';
import { RequestValidationPipe } from './validation.pipe';

class Inner {
  @IsInt()
  @Max(9)
  count!: number;
}

class Outer {
  @IsString()
  @MaxLength(3)
  name!: string;

  @ValidateNested()
  @Type(() => Inner)
  inner!: Inner;
}

const validate = (value: unknown) => new RequestValidationPipe().transform(value, { type: 'body', metatype: Outer });

async function problems(value: unknown): Promise<Record<string, string>> {
  const error = (await validate(value).then(
    () => null,
    (thrown: unknown) => thrown,
  )) as AppError;
  expect(error.definition.code).toBe('REQUEST.INVALID');
  return Object.fromEntries((error.errors ?? []).map(({ path, message }) => [path, message]));
}

describe('the validation of what is sent', () => {
  it('makes an instance of what is right', async () => {
    expect(await validate({ name: 'abc', inner: { count: 9 } })).toBeInstanceOf(Outer);
  });

  it('names every wrong field at once, by its path, without its value', async () => {
    const found = await problems({ name: 'hunter2', inner: { count: 'hunter2' } });
    expect(Object.keys(found).sort()).toEqual(['inner.count', 'name']);
    expect(JSON.stringify(found)).not.toContain('hunter2');
  });

  it('refuses fields that nobody has asked for', async () => {
    const found = await problems({ name: 'a', inner: { count: 1, admin: true }, ownerId: 'x' });
    expect(Object.keys(found).sort()).toEqual(['inner.admin', 'ownerId']);
  });

  it.each(['__proto__', 'constructor', 'toString', 'prototype'])('refuses %s like any of them', async (field) => {
    const found = await problems(JSON.parse(`{"name": "a", "inner": {"count": 1}, "${field}": {"admin": true}}`));
    expect(Object.keys(found)).toEqual([field]);
  });

  it.each(['__proto__', 'constructor', 'toString'])('refuses %s from deeper down, too', async (field) => {
    const value = JSON.parse(`{"name": "a", "inner": {"count": 1, "${field}": {"admin": true}}}`) as object;
    expect(Object.keys(await problems(value))).toEqual([`inner.${field}`]);
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  it('is not stopped by a body that is nested deeper than the stack', async () => {
    const value = JSON.parse(`{"name": "a", "inner": ${'['.repeat(30_000)}${']'.repeat(30_000)}}`) as object;
    expect(await problems(value)).toEqual({});
  });

  it('names some bad fields of a list of thousands, and not all', async () => {
    const bad = { name: 'abcd', inner: Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`f${n}`, n])) };
    expect(Object.keys(await problems(bad))).toHaveLength(100);
  });

  it('asks for a body where there is none that it can read', async () => {
    await expect(validate(undefined)).rejects.toMatchObject({ definition: { code: 'REQUEST.UNSUPPORTED_TYPE' } });
  });
});
