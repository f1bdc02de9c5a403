import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsOptional, IsString, MaxLength, MinLength, ValidateIf } from 'class-validator';

const NEW_PASSWORD = {
  description: '8 to 256 bytes in UTF-8; none of the passwords that everybody tries first.',
  maxLength: 256,
};

/** Lock a folder. */
export class LockFolderDto {
  @ApiProperty({ ...NEW_PASSWORD, example: 'correct horse battery' })
  @IsString()
  @MaxLength(256)
  password!: string;
}

/** Change the password of a locked folder. */
export class ChangeFolderPasswordDto {
  @ApiPropertyOptional({ maxLength: 256, example: 'correct horse battery' })
  @ValidateIf((dto: ChangeFolderPasswordDto) => dto.recoveryCode === undefined || dto.currentPassword !== undefined)
  @IsString()
  @MinLength(1)
  @MaxLength(256)
  currentPassword?: string;

  @ApiPropertyOptional({
    description: 'The recovery code in place of the password; needs a fresh PIN.',
    example: '7GQ2-M0XK-…',
  })
  @ValidateIf((dto: ChangeFolderPasswordDto) => dto.recoveryCode !== undefined)
  @IsString()
  @MaxLength(200)
  recoveryCode?: string;

  @ApiProperty({ ...NEW_PASSWORD, example: 'battery horse correct' })
  @IsString()
  @MaxLength(256)
  newPassword!: string;

  @ApiPropertyOptional({
    default: false,
    description:
      'Also give the folder a new key and a new recovery code. Takes seconds for thousands of files; after it, copies of the old key and the old code open nothing.',
    example: false,
  })
  @IsOptional()
  @IsBoolean()
  rekey?: boolean;
}

/** What opens a folder when its password is forgotten. */
export class RecoveryCodeResponse {
  @ApiProperty({
    description: 'Shown this once: write it down. Without it and without the password nobody can open the folder.',
    example: '7GQ2-M0XK-3F8C-9TQR-D4WN-61HV-BZ5S-YE2J-0K7P-AXMG-R8D3-VC4W-TH6N-91QF',
  })
  recoveryCode!: string;
}
