import { applyDecorators } from '@nestjs/common';
import { Transform, type TransformFnParams } from 'class-transformer';
import { IsOptional } from 'class-validator';

/** A field that may be left out. Null says the same: clients that always write every field have no other word for it. */
export function MayBeMissing(): PropertyDecorator {
  return applyDecorators(
    IsOptional(),
    Transform(({ value }: TransformFnParams): unknown => value ?? undefined),
  );
}
