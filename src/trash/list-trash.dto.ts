import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsString, MaxLength } from 'class-validator';
import { MayBeMissing } from '../platform/http/may-be-missing.decorator';
import { PageDto } from '../platform/http/page.dto';

/** Which part of the trash. */
export class ListTrashDto extends PageDto {
  @ApiPropertyOptional({
    format: 'uuid',
    description: 'What of one folder is there; without it, of all open folders that are not there themselves.',
    example: '019ab0c4-6a10-7b02-9a4b-7e6c1d2f3a44',
  })
  @MayBeMissing()
  @IsString()
  @MaxLength(64)
  folderId?: string;
}
