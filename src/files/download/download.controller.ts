import { Controller, Get, Head, Param, Query, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { FolderErrors } from '../../folders/folders.errors';
import { Access } from '../../platform/http/access.decorator';
import { CurrentUser } from '../../platform/http/current-user.decorator';
import { IdPipe } from '../../platform/http/id.pipe';
import type { Principal } from '../../platform/http/principal';
import { FileErrors } from '../files.errors';
import { ApiContent, ApiContentHead } from './api-content.decorator';
import { DownloadByNameOptionsDto, DownloadOptionsDto } from './download-options.dto';
import { DownloadService } from './download.service';
import { sendFile } from './send-file';

@ApiTags('Files')
@Controller('files')
export class DownloadController {
  constructor(private readonly downloads: DownloadService) {}

  @Head(':id/content')
  @Access('session')
  @ApiOperation({ operationId: 'headContent', summary: 'Size, type and ETag of a file without its bytes' })
  @ApiParam({ name: 'id', format: 'uuid', description: 'The file.', example: '019ab0c4-7d1f-7c55-8a0e-3f3d7b2b9c11' })
  @ApiContentHead()
  async head(
    @CurrentUser() principal: Principal,
    @Param('id', new IdPipe(FileErrors.notFound)) id: string,
    @Query() { disposition }: DownloadOptionsDto,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    await sendFile(request, response, await this.downloads.byId(principal, id), disposition);
  }

  @Get(':id/content')
  @Access('session')
  @ApiOperation({ operationId: 'getContent', summary: 'The bytes of a file' })
  @ApiParam({ name: 'id', format: 'uuid', description: 'The file.', example: '019ab0c4-7d1f-7c55-8a0e-3f3d7b2b9c11' })
  @ApiContent()
  async byId(
    @CurrentUser() principal: Principal,
    @Param('id', new IdPipe(FileErrors.notFound)) id: string,
    @Query() { disposition }: DownloadOptionsDto,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    await sendFile(request, response, await this.downloads.byId(principal, id), disposition);
  }

  @Get('by-name/:name/content')
  @Access('session')
  @ApiOperation({ operationId: 'getContentByName', summary: 'The bytes of a file, by its name' })
  @ApiParam({ name: 'name', description: 'Percent-encoded.', example: 'IMG_5195.HEIC' })
  @ApiContent(FolderErrors.notFound)
  async byName(
    @CurrentUser() principal: Principal,
    @Param('name') name: string,
    @Query() { disposition, folderId }: DownloadByNameOptionsDto,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    await sendFile(request, response, await this.downloads.byName(principal, name, folderId), disposition);
  }
}
