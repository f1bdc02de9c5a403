import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsString, MaxLength } from 'class-validator';
import { MayBeMissing } from '../../platform/http/may-be-missing.decorator';

const TRANSPORTS = ['bearer', 'cookie'] as const;

/** Open a share. */
export class OpenShareDto {
  @ApiProperty({
    description: 'What is behind the `#` of the link. One that is none is answered like a wrong one.',
    example: 'ThisIsAnExampleAndOpensNothingAnywhereAtAll',
  })
  @IsString()
  secret!: string;

  @ApiPropertyOptional({
    description: 'Where the share has one. Without it such a share answers 403, which costs no guess.',
    example: 'a long walk on the beach',
  })
  @MayBeMissing()
  @IsString()
  @MaxLength(1024)
  password?: string;

  @ApiPropertyOptional({
    enum: TRANSPORTS,
    default: 'bearer',
    description: 'How the token travels: in the answer and then in `Authorization`, or as a cookie of this share.',
  })
  @MayBeMissing()
  @IsIn(TRANSPORTS)
  transport?: (typeof TRANSPORTS)[number];
}
