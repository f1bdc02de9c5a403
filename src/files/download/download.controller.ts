import { applyDecorators, Controller, Get, Head, Param, Query, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiParam, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { FolderErrors } from '../../folders/folders.errors';
import type { ErrorFactory } from '../../platform/errors/error-registry';
import { Access } from '../../platform/http/access.decorator';
import { ApiProblems } from '../../platform/http/api-problems.decorator';
import { CurrentUser } from '../../platform/http/current-user.decorator';
import { RequestErrors } from '../../platform/http/http.errors';
import { IdPipe } from '../../platform/http/id.pipe';
import type { Principal } from '../../platform/http/principal';
import { VaultErrors } from '../../vault/vault.errors';
import { FileErrors } from '../files.errors';
import { DownloadByNameOptionsDto, DownloadOptionsDto } from './download-options.dto';
import { DownloadService } from './download.service';
import { sendFile } from './send-file';

const ApiContent = (...more: ErrorFactory[]) =>
  applyDecorators(
    ApiProduces('application/octet-stream', 'image/*', 'video/*'),
    ApiHeader({ name: 'Range', required: false, description: 'One range, e.g. `bytes=0-65535` or `bytes=-500`.' }),
    ApiHeader({
      name: 'If-Range',
      required: false,
      description: 'The ETag that the range belongs to; another file is sent whole.',
    }),
    ApiHeader({ name: 'If-None-Match', required: false }),
    ApiResponse({ status: 200, description: 'The whole file.', schema: { type: 'string', format: 'binary' } }),
    ApiResponse({ status: 206, description: 'The range.', schema: { type: 'string', format: 'binary' } }),
    ApiResponse({ status: 304, description: 'You have it.' }),
    ApiProblems(
      RequestErrors.invalid,
      FileErrors.notFound,
      FileErrors.rangeNotSatisfiable,
      FolderErrors.locked,
      VaultErrors.damaged,
      ...more,
    ),
  );

@ApiTags('Files')
@Controller('files')
export class DownloadController {
  constructor(private readonly downloads: DownloadService) {}

  @Head(':id/content')
  @Access('session')
  @ApiOperation({ operationId: 'headContent', summary: 'Size, type and ETag of a file without its bytes' })
  @ApiParam({ name: 'id', format: 'uuid' })
  @ApiResponse({ status: 200, description: 'The headers of GET.' })
  @ApiProblems(FileErrors.notFound, FolderErrors.locked)
  async head(
    @CurrentUser() principal: Principal,
    @Param('id', new IdPipe(FileErrors.notFound)) id: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    await sendFile(request, response, await this.downloads.byId(principal, id), 'inline');
  }

  @Get(':id/content')
  @Access('session')
  @ApiOperation({ operationId: 'getContent', summary: 'The bytes of a file' })
  @ApiParam({ name: 'id', format: 'uuid' })
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
  @ApiParam({ name: 'name', example: 'IMG_5195.HEIC' })
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
