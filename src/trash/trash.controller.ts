import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { IdsDto } from '../files/change-files.dto';
import { FolderErrors } from '../folders/folders.errors';
import { AppConfig } from '../platform/config/app-config';
import { Access } from '../platform/http/access.decorator';
import { ApiProblems } from '../platform/http/api-problems.decorator';
import { ClientIp } from '../platform/http/client-ip.decorator';
import { CurrentUser } from '../platform/http/current-user.decorator';
import { encodeCursor, readCursor } from '../platform/http/cursor';
import { AccessErrors, RequestErrors } from '../platform/http/http.errors';
import { IdPipe } from '../platform/http/id.pipe';
import type { Principal } from '../platform/http/principal';
import { ListTrashDto } from './list-trash.dto';
import { TrashErrors } from './trash.errors';
import {
  EmptiedResponse,
  RestoredResponse,
  toRestoredItem,
  toTrashedFile,
  toTrashedFolder,
  TrashResponse,
} from './trash.response.dto';
import { TrashService } from './trash.service';

@ApiTags('Trash')
@Controller('trash')
export class TrashController {
  private readonly days: number;

  constructor(
    private readonly trash: TrashService,
    config: AppConfig,
  ) {
    this.days = config.get('TRASH_DAYS');
  }

  @Get()
  @Access('session')
  @ApiOperation({
    operationId: 'listTrash',
    summary: 'What is in the trash',
    description:
      'Files one by one, unless their folder is there as a whole. A locked folder shows only its name and how many of its files are there.',
  })
  @ApiOkResponse({ type: TrashResponse, description: 'One page.' })
  @ApiProblems(RequestErrors.invalid, FolderErrors.notFound, FolderErrors.locked)
  async list(
    @CurrentUser() principal: Principal,
    @Query() { cursor, limit, folderId }: ListTrashDto,
  ): Promise<TrashResponse> {
    const { files, folders, next } = await this.trash.list(principal, { limit, folderId, after: readCursor(cursor) });
    return {
      items: files.map((file) => toTrashedFile(file, this.days)),
      folders: folders.map((folder) => toTrashedFolder(folder, this.days)),
      nextCursor: next && encodeCursor(next),
    };
  }

  @Post('restore')
  @HttpCode(200)
  @Access('session')
  @ApiOperation({
    operationId: 'restore',
    summary: 'Take files and folders out of the trash',
    description:
      'Each for itself. What has lost its name meanwhile gets a number. A folder brings back what went to the trash with it; a file of a ' +
      'folder that is there brings back the folder.',
  })
  @ApiOkResponse({ type: RestoredResponse, description: 'What became of each.' })
  @ApiProblems(RequestErrors.invalid)
  async restore(@CurrentUser() principal: Principal, @Body() { ids }: IdsDto): Promise<RestoredResponse> {
    return { items: (await this.trash.restore(principal, ids)).map(toRestoredItem) };
  }

  @Delete(':id')
  @HttpCode(204)
  @Access('session')
  @ApiOperation({
    operationId: 'purge',
    summary: 'Remove a file or a folder from the trash for good',
    description:
      'Its key goes first, then its bytes. A folder that is locked needs a fresh PIN in place of its password.',
  })
  @ApiParam({
    name: 'id',
    format: 'uuid',
    description: 'The file or the folder.',
    example: '019ab0c4-7d1f-7c55-8a0e-3f3d7b2b9c11',
  })
  @ApiNoContentResponse({ description: 'It is gone.' })
  @ApiProblems(TrashErrors.notFound, FolderErrors.locked, AccessErrors.freshPinRequired)
  async purge(
    @CurrentUser() principal: Principal,
    @Param('id', new IdPipe(TrashErrors.notFound)) id: string,
    @ClientIp() ip: string,
  ): Promise<void> {
    await this.trash.purge(principal, id, { ip });
  }

  @Delete()
  @Access('session')
  @ApiOperation({
    operationId: 'emptyTrash',
    summary: 'Empty the trash',
    description: 'For good. What is in locked folders stays, unless they are unlocked.',
  })
  @ApiOkResponse({ type: EmptiedResponse, description: 'What is gone, and what stayed.' })
  async empty(@CurrentUser() principal: Principal): Promise<EmptiedResponse> {
    const { files, kept } = await this.trash.empty(principal);
    return { files, kept: kept.map((folder) => toTrashedFolder(folder, this.days)) };
  }
}
