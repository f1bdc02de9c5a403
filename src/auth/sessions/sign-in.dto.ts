import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsOptional, IsString, Length, Matches, MaxLength } from 'class-validator';
import { PRINTABLE } from '../pin/request-pin.dto';

/** How a client keeps its tokens. */
const TRANSPORTS = ['bearer', 'cookie'] as const;
export type Transport = (typeof TRANSPORTS)[number];

/** Trade a PIN for a session. */
export class SignInDto {
  @ApiProperty({
    description: 'From the answer to the request for a PIN.',
    maxLength: 128,
    example: 'k3JQ0Z7Qb2oD5o0hQ0m3c1lqXy7n2Wk9vTt8rGmA4sE',
  })
  @IsString()
  @MaxLength(128)
  challengeId!: string;

  @ApiProperty({
    description: 'The same as in the request for a PIN.',
    minLength: 1,
    maxLength: 128,
    example: 'laptop-1',
  })
  @IsString()
  @MaxLength(128)
  @Matches(PRINTABLE, { message: 'deviceId must be 1 to 128 printable characters' })
  deviceId!: string;

  @ApiProperty({
    description: 'A string: leading zeros count. If the mail has a code in the place of a PIN, the code.',
    minLength: 1,
    maxLength: 16,
    example: '0427',
  })
  @IsString()
  @Length(1, 16)
  pin!: string;

  @ApiPropertyOptional({
    description: 'A name for people, shown in the list of sessions.',
    minLength: 1,
    maxLength: 128,
    example: "Alice's laptop",
  })
  @IsOptional()
  @IsString()
  @MaxLength(128)
  @Matches(PRINTABLE, { message: 'deviceName must be 1 to 128 printable characters' })
  deviceName?: string;

  @ApiPropertyOptional({
    description: 'Trust this device: it gets a `deviceToken`, and its session lasts longer.',
    default: false,
    example: false,
  })
  @IsOptional()
  @IsBoolean()
  remember?: boolean;

  @ApiPropertyOptional({
    description:
      '`cookie` is for browsers: the tokens come as cookies that no script can read, and not in the body. Requests that change something ' +
      'then need `Origin` and `X-PV-Request: 1`.',
    enum: TRANSPORTS,
    default: 'bearer',
    example: 'bearer',
  })
  @IsOptional()
  @IsIn(TRANSPORTS)
  transport?: Transport;
}
