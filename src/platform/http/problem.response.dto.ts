import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

class FieldProblem {
  @ApiProperty({ example: 'email' })
  path!: string;

  @ApiProperty({ example: 'email must be an email' })
  message!: string;
}

/** RFC 9457 problem details, the form of every error. */
export class ProblemResponse {
  @ApiProperty({ example: 'urn:photovault:error:FILE.NOT_FOUND' })
  type!: string;

  @ApiProperty({ example: 'There is no such file.' })
  title!: string;

  @ApiProperty({ type: 'integer', example: 404 })
  status!: number;

  @ApiProperty({ description: 'Stable; programs read this one.', example: 'FILE.NOT_FOUND' })
  code!: string;

  @ApiPropertyOptional({ description: 'More about this case.', example: 'A file name must not be empty.' })
  detail?: string;

  @ApiPropertyOptional({ type: [FieldProblem], description: 'What is wrong with which field.' })
  errors?: FieldProblem[];

  @ApiProperty({
    description: 'Also in the header `X-Request-Id`; name it when you ask for help.',
    format: 'uuid',
    example: 'a2f7c1de-1f0e-4a8e-bb44-0b4f4f1a3c55',
  })
  requestId!: string;
}
