import { Body, Controller, Get, Param, Patch, Post, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Access } from '../platform/http/access.decorator';
import { API_PREFIX } from '../platform/http/api-prefix';
import { ApiProblems } from '../platform/http/api-problems.decorator';
import { CurrentUser } from '../platform/http/current-user.decorator';
import { RequestErrors } from '../platform/http/http.errors';
import { IdPipe } from '../platform/http/id.pipe';
import type { Principal } from '../platform/http/principal';
import { ApiFolder } from './api-folder.decorator';
import { FolderListResponse, FolderResponse, toFolderResponse } from './folder.response.dto';
import { FolderErrors } from './folders.errors';
import { FoldersService } from './folders.service';
import { NameFolderDto } from './name-folder.dto';

@ApiTags('Folders')
@Controller('folders')
export class FoldersController {
  constructor(private readonly folders: FoldersService) {}

  @Post()
  @Access('session')
  @ApiOperation({ operationId: 'createFolder', summary: 'Make a folder' })
  @ApiCreatedResponse({
    type: FolderResponse,
    description: 'The folder, empty and open.',
    headers: { Location: { description: 'The folder.', schema: { type: 'string' } } },
  })
  @ApiProblems(RequestErrors.invalid, FolderErrors.badName, FolderErrors.nameTaken, FolderErrors.tooMany)
  async create(
    @CurrentUser() principal: Principal,
    @Body() { name }: NameFolderDto,
    @Res({ passthrough: true }) response: Response,
  ): Promise<FolderResponse> {
    const folder = toFolderResponse(await this.folders.create(principal, name));
    response.setHeader('Location', `${API_PREFIX}/folders/${folder.id}`);
    return folder;
  }

  @Get()
  @Access('session')
  @ApiOperation({
    operationId: 'listFolders',
    summary: 'Your folders',
    description: 'All of them, the root first, then by name. Of a locked one: its name and how many files it has.',
  })
  @ApiOkResponse({ type: FolderListResponse, description: 'At most a thousand.' })
  async list(@CurrentUser() principal: Principal): Promise<FolderListResponse> {
    return { items: (await this.folders.list(principal)).map(toFolderResponse) };
  }

  @Get(':id')
  @Access('session')
  @ApiOperation({ operationId: 'getFolder', summary: 'What is known of a folder' })
  @ApiFolder()
  @ApiOkResponse({ type: FolderResponse, description: 'The folder.' })
  @ApiProblems(FolderErrors.notFound)
  async get(
    @CurrentUser() principal: Principal,
    @Param('id', new IdPipe(FolderErrors.notFound)) id: string,
  ): Promise<FolderResponse> {
    return toFolderResponse(await this.folders.get(principal, id));
  }

  @Patch(':id')
  @Access('session')
  @ApiOperation({ operationId: 'renameFolder', summary: 'Rename a folder' })
  @ApiFolder()
  @ApiOkResponse({ type: FolderResponse, description: 'The folder as it is now.' })
  @ApiProblems(
    RequestErrors.invalid,
    FolderErrors.notFound,
    FolderErrors.locked,
    FolderErrors.isRoot,
    FolderErrors.badName,
    FolderErrors.nameTaken,
  )
  async rename(
    @CurrentUser() principal: Principal,
    @Param('id', new IdPipe(FolderErrors.notFound)) id: string,
    @Body() { name }: NameFolderDto,
  ): Promise<FolderResponse> {
    return toFolderResponse(await this.folders.rename(principal, id, name));
  }
}
