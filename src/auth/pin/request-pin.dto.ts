import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsEmail, IsOptional, IsString, Matches, MaxLength } from 'class-validator';

/** Printable: no control, format, surrogate or unassigned characters. */
export const PRINTABLE = /^[^\p{C}]+$/u;

/** Ask for a PIN. */
export class RequestPinDto {
  @ApiProperty({ format: 'email', maxLength: 254, example: 'alice@example.com' })
  @IsEmail()
  @MaxLength(254)
  // A quoted local part may hold line breaks and escape sequences (RFC 5322), which would reach mails and the log; and < and >, which
  // nodemailer takes out: the PIN would go to another mailbox than the one that it proves.
  @Matches(/^[^\p{C}<>]+$/u, { message: 'email must be printable, without < and >' })
  email!: string;

  @ApiProperty({
    description: 'Any label of your device, in printable characters; the PIN is good only together with it.',
    minLength: 1,
    maxLength: 128,
    example: 'laptop-1',
  })
  @IsString()
  @MaxLength(128)
  @Matches(PRINTABLE, { message: 'deviceId must be 1 to 128 printable characters' })
  deviceId!: string;
}

/** Ask for a PIN to sign in with. */
export class SignInPinDto extends RequestPinDto {
  @ApiPropertyOptional({
    description:
      'From an earlier sign-in with `remember`. A trusted device has limits of its own, which strangers cannot use up.',
    maxLength: 128,
    example: 'pvd_ThisIsAnExampleAndOpensNothingAnywhereAtAll00000000',
  })
  @IsOptional()
  @IsString()
  @MaxLength(128)
  deviceToken?: string;
}

/** Ask for a PIN that makes an account. */
export class SignUpDto extends RequestPinDto {
  @ApiPropertyOptional({
    description: 'A name for people, shown in the mail.',
    minLength: 1,
    maxLength: 128,
    example: "Alice's laptop",
  })
  @IsOptional()
  @IsString()
  @MaxLength(128)
  @Matches(PRINTABLE, { message: 'deviceName must be 1 to 128 printable characters' })
  deviceName?: string;
}
