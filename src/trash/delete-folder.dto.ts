import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { MayBeMissing } from '../platform/http/may-be-missing.decorator';
import { type Contents, CONTENTS } from './folder-deletion.service';

/** How to delete a folder. */
export class DeleteFolderDto {
  @ApiPropertyOptional({
    enum: CONTENTS,
    description: 'What becomes of its files; without it, a folder that has some is not deleted.',
    example: 'trash',
  })
  @MayBeMissing()
  @IsIn(CONTENTS)
  contents?: Contents;
}
