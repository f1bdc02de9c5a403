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

  it.each(['__proto__', 'constructor', 'toString'])('lets no %s through from deeper down', async (field) => {
    const value = JSON.parse(`{"name": "a", "inner": {"count": 1, "${field}": {"admin": true}}}`) as object;
    const { inner } = (await validate(value)) as Outer;
    expect(Object.keys(inner)).toEqual(['count']);
    expect(Object.getPrototypeOf(inner)).toBe(Inner.prototype);
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  it('asks for a body where there is none that it can read', async () => {
    await expect(validate(undefined)).rejects.toMatchObject({ definition: { code: 'REQUEST.UNSUPPORTED_TYPE' } });
  });
});
