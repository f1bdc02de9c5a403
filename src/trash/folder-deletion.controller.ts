import { Controller, Delete, HttpCode, Param, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiFolder } from '../folders/api-folder.decorator';
import { FolderErrors } from '../folders/folders.errors';
import { Access } from '../platform/http/access.decorator';
import { ApiProblems } from '../platform/http/api-problems.decorator';
import { ClientIp } from '../platform/http/client-ip.decorator';
import { CurrentUser } from '../platform/http/current-user.decorator';
import { AccessErrors, RequestErrors } from '../platform/http/http.errors';
import { IdPipe } from '../platform/http/id.pipe';
import type { Principal } from '../platform/http/principal';
import { DeleteFolderDto } from './delete-folder.dto';
import { FolderDeletion } from './folder-deletion.service';

@ApiTags('Folders')
@Controller('folders')
export class FolderDeletionController {
  constructor(private readonly deletion: FolderDeletion) {}

  @Delete(':id')
  @HttpCode(204)
  @Access('session')
  @ApiOperation({
    operationId: 'deleteFolder',
    summary: 'Delete a folder',
    description:
      'An empty one, unless `contents` says what is to become of its files. In the trash it keeps its lock and its keys, and can be unlocked. ' +
      '`purge` needs a fresh PIN, and no password: it is the way out of a forgotten one.',
  })
  @ApiFolder()
  @ApiNoContentResponse({ description: 'It is gone, or in the trash.' })
  @ApiProblems(
    RequestErrors.invalid,
    AccessErrors.freshPinRequired,
    FolderErrors.notFound,
    FolderErrors.isRoot,
    FolderErrors.notEmpty,
    FolderErrors.locked,
    FolderErrors.tooMany,
    FolderErrors.changedMeanwhile,
  )
  async delete(
    @CurrentUser() principal: Principal,
    @Param('id', new IdPipe(FolderErrors.notFound)) id: string,
    @Query() { contents }: DeleteFolderDto,
    @ClientIp() ip: string,
  ): Promise<void> {
    await this.deletion.delete(principal, id, contents, { ip });
  }
}
