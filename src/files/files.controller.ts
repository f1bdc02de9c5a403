import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { FolderErrors } from '../folders/folders.errors';
import { Access } from '../platform/http/access.decorator';
import { ApiProblems } from '../platform/http/api-problems.decorator';
import { CurrentUser } from '../platform/http/current-user.decorator';
import { encodeCursor } from '../platform/http/cursor';
import { RequestErrors } from '../platform/http/http.errors';
import { IdPipe } from '../platform/http/id.pipe';
import type { Principal } from '../platform/http/principal';
import { ChangeFilesDto } from './change-files.dto';
import { EditFileDto } from './edit-file.dto';
import { FileEdits } from './file-edits.service';
import { FileListResponse, FileResponse, toFileResponse } from './file.response.dto';
import { FileErrors } from './files.errors';
import { FilesService } from './files.service';
import { ItemOutcomesResponse, toItemOutcome } from './item-outcome.response.dto';
import { ListFilesDto } from './list-files.dto';
import { toFilePage } from './to-file-page';
import { FileTrash } from './trash/file-trash.service';

@ApiTags('Files')
@Controller('files')
export class FilesController {
  constructor(
    private readonly files: FilesService,
    private readonly edits: FileEdits,
    private readonly trash: FileTrash,
  ) {}

  @Get()
  @Access('session')
  @ApiOperation({
    operationId: 'listFiles',
    summary: 'Your files, page by page',
    description: 'A deep page costs what the first one does. Follow `nextCursor` until it is null.',
  })
  @ApiOkResponse({ type: FileListResponse, description: 'One page.' })
  @ApiProblems(RequestErrors.invalid, FolderErrors.notFound, FolderErrors.locked)
  async list(@CurrentUser() principal: Principal, @Query() query: ListFilesDto): Promise<FileListResponse> {
    const { files, next } = await this.files.list(principal, toFilePage(query));
    return { items: files.map(toFileResponse), nextCursor: next && encodeCursor(next) };
  }

  @Get(':id')
  @Access('session')
  @ApiOperation({ operationId: 'getFile', summary: 'What is known of a file' })
  @ApiParam({ name: 'id', format: 'uuid', description: 'The file.', example: '019ab0c4-7d1f-7c55-8a0e-3f3d7b2b9c11' })
  @ApiOkResponse({ type: FileResponse, description: 'The file, without its bytes.' })
  @ApiProblems(FileErrors.notFound, FolderErrors.locked)
  async get(
    @CurrentUser() principal: Principal,
    @Param('id', new IdPipe(FileErrors.notFound)) id: string,
  ): Promise<FileResponse> {
    return toFileResponse(await this.files.get(principal, id));
  }

  @Patch(':id')
  @Access('session')
  @ApiOperation({
    operationId: 'editFile',
    summary: 'Rename or move a file, or correct when it was taken',
    description:
      'What is left out stays as it is. The bytes never change. A file that moves where its name is taken gets a number.',
  })
  @ApiParam({ name: 'id', format: 'uuid', description: 'The file.', example: '019ab0c4-7d1f-7c55-8a0e-3f3d7b2b9c11' })
  @ApiOkResponse({ type: FileResponse, description: 'The file as it is now.' })
  @ApiProblems(
    RequestErrors.invalid,
    FileErrors.notFound,
    FileErrors.badName,
    FileErrors.nameTaken,
    FileErrors.duplicate,
    FileErrors.changedMeanwhile,
    FolderErrors.notFound,
    FolderErrors.locked,
  )
  async edit(
    @CurrentUser() principal: Principal,
    @Param('id', new IdPipe(FileErrors.notFound)) id: string,
    @Body() { name, takenAt, folderId }: EditFileDto,
  ): Promise<FileResponse> {
    return toFileResponse(
      await this.edits.edit(principal, id, {
        name,
        folderId,
        takenAt: takenAt ? new Date(takenAt) : (takenAt as null | undefined),
      }),
    );
  }

  @Delete(':id')
  @HttpCode(204)
  @Access('session')
  @ApiOperation({
    operationId: 'trashFile',
    summary: 'Put a file into the trash',
    description: 'From there it can be restored for some weeks. It counts in the quota until it is purged.',
  })
  @ApiParam({ name: 'id', format: 'uuid', description: 'The file.', example: '019ab0c4-7d1f-7c55-8a0e-3f3d7b2b9c11' })
  @ApiNoContentResponse({ description: 'It is in the trash.' })
  @ApiProblems(FileErrors.notFound, FileErrors.changedMeanwhile, FolderErrors.locked)
  async remove(
    @CurrentUser() principal: Principal,
    @Param('id', new IdPipe(FileErrors.notFound)) id: string,
  ): Promise<void> {
    await this.trash.trashOne(principal, id);
  }

  @Post('batch')
  @HttpCode(200)
  @Access('session')
  @ApiOperation({
    operationId: 'changeFiles',
    summary: 'Trash or move many files',
    description:
      'Each for itself: what keeps one does not keep the others. A file that moves where its name is taken gets a number; one whose bytes ' +
      'are there already stays where it is.',
  })
  @ApiOkResponse({ type: ItemOutcomesResponse, description: 'What became of each.' })
  @ApiProblems(RequestErrors.invalid, FolderErrors.notFound, FolderErrors.locked)
  async changeMany(
    @CurrentUser() principal: Principal,
    @Body() { action, ids, folderId }: ChangeFilesDto,
  ): Promise<ItemOutcomesResponse> {
    const isMove = action === 'move';
    const outcomes = await (isMove ? this.edits.move(principal, ids, folderId) : this.trash.trash(principal, ids));
    return { items: outcomes.map(toItemOutcome) };
  }
}
