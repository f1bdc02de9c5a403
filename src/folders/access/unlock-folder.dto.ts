import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsString, MaxLength, MinLength, ValidateIf } from 'class-validator';

/** The password of a folder, or the code in its place. */
export class UnlockFolderDto {
  @ApiPropertyOptional({ description: 'The folder’s password.', maxLength: 256, example: 'correct horse battery' })
  @ValidateIf((dto: UnlockFolderDto) => dto.recoveryCode === undefined || dto.password !== undefined)
  @IsString()
  @MinLength(1)
  @MaxLength(256)
  password?: string;

  @ApiPropertyOptional({
    description:
      'The recovery code in place of the password; needs a fresh PIN. Case, spaces and dashes do not matter.',
    example: '7GQ2-M0XK-…',
  })
  @ValidateIf((dto: UnlockFolderDto) => dto.recoveryCode !== undefined)
  @IsString()
  @MaxLength(200)
  recoveryCode?: string;
}

/** A folder that is unlocked for this session. */
export class UnlockedFolderResponse {
  @ApiProperty({
    format: 'date-time',
    description: 'Until when, without use; each use moves it, up to a limit.',
    example: '2026-11-20T10:15:00.000Z',
  })
  unlockedUntil!: string;
}
