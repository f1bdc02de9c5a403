import { Controller, Get, Param, ParseEnumPipe, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { DownloadOptionsDto } from '../../files/download/download-options.dto';
import { sendFile } from '../../files/download/send-file';
import { FileErrors } from '../../files/files.errors';
import { RENDITION_KINDS, type RenditionKind } from '../../files/renditions/rendition-kinds';
import { Access } from '../../platform/http/access.decorator';
import { ApiProblems } from '../../platform/http/api-problems.decorator';
import { encodeCursor, readCursor } from '../../platform/http/cursor';
import { RequestErrors } from '../../platform/http/http.errors';
import { IdPipe } from '../../platform/http/id.pipe';
import { PageDto } from '../../platform/http/page.dto';
import { VaultErrors } from '../../vault/vault.errors';
import { ShareErrors } from '../shares.errors';
import { ApiSharedBytes } from './api-shared-bytes.decorator';
import { CurrentVisitor } from './current-visitor.decorator';
import { sendArchive } from './send-archive';
import { ShareLedger } from './share-ledger.service';
import type { ShareVisitor } from './share-visitor';
import { SharedArchives } from './shared-archives.service';
import { SharedFiles } from './shared-files.service';
import { SharedFileListResponse, toSharedFileResponse } from './visit.response.dto';
import { whenComplete } from './when-complete';

const SHARE = {
  name: 'id',
  format: 'uuid',
  description: 'The share, opened.',
  example: '019ab0c4-8a31-7e20-b6f4-0c1d2e3f4a5b',
} as const;
const FILE = {
  name: 'fileId',
  format: 'uuid',
  description: 'One of its files.',
  example: '019ab0c4-7d1f-7c55-8a0e-3f3d7b2b9c11',
} as const;

/** For visitors: each route is behind `share.guard`, and what it gives is kept nowhere on its way. */
@ApiTags('Shares')
@Controller('shares')
@Access('share')
export class SharedFilesController {
  constructor(
    private readonly files: SharedFiles,
    private readonly archives: SharedArchives,
    private readonly ledger: ShareLedger,
  ) {}

  @Get(':id/files')
  @ApiOperation({
    operationId: 'listSharedFiles',
    summary: 'The files of a share, page by page',
    description: 'Follow `nextCursor` until it is null.',
  })
  @ApiParam(SHARE)
  @ApiOkResponse({ type: SharedFileListResponse, description: 'One page.' })
  @ApiProblems(RequestErrors.invalid, ShareErrors.notFound)
  async list(
    @CurrentVisitor() visitor: ShareVisitor,
    @Query() { limit, cursor }: PageDto,
  ): Promise<SharedFileListResponse> {
    const { files, next } = await this.files.list(visitor, { limit, after: readCursor(cursor) });
    return { items: files.map(toSharedFileResponse), nextCursor: next && encodeCursor(next) };
  }

  @Get(':id/files/:fileId/content')
  @ApiOperation({
    operationId: 'getSharedContent',
    summary: 'The bytes of a shared file',
    description:
      'The original where the owner shares originals; else its preview, which says nothing of place and time.',
  })
  @ApiParam(SHARE)
  @ApiParam(FILE)
  @ApiSharedBytes(['application/octet-stream', 'image/*', 'video/*'], RequestErrors.invalid)
  async content(
    @CurrentVisitor() visitor: ShareVisitor,
    @Param('fileId', new IdPipe(ShareErrors.notFound)) fileId: string,
    @Query() { disposition }: DownloadOptionsDto,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const download = await this.files.content(visitor, fileId);
    whenComplete(request, response, () => this.ledger.noteFetched(visitor, 1));
    await sendFile(request, response, download, disposition);
  }

  @Get(':id/files/:fileId/renditions/:kind')
  @ApiOperation({ operationId: 'getSharedRendition', summary: 'A shared photo made smaller, without its metadata' })
  @ApiParam(SHARE)
  @ApiParam(FILE)
  @ApiParam({
    name: 'kind',
    description: 'How small.',
    schema: { type: 'string', enum: RENDITION_KINDS, example: 'thumbnail' },
  })
  @ApiSharedBytes(['image/webp'])
  async rendition(
    @CurrentVisitor() visitor: ShareVisitor,
    @Param('fileId', new IdPipe(ShareErrors.notFound)) fileId: string,
    @Param('kind', new ParseEnumPipe(RENDITION_KINDS, { exceptionFactory: () => FileErrors.noRendition() }))
    kind: RenditionKind,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    await sendFile(request, response, await this.files.rendition(visitor, fileId, kind), 'inline');
  }

  @Get(':id/archive')
  @ApiOperation({
    operationId: 'getSharedArchive',
    summary: 'All files of a share as a ZIP',
    description: 'As `content` gives them. What cannot be shown is left out, and its name is in `SKIPPED.txt`.',
  })
  @ApiParam(SHARE)
  @ApiProduces('application/zip')
  @ApiOkResponse({ description: 'The archive.', schema: { type: 'string', format: 'binary' } })
  @ApiProblems(ShareErrors.notFound, VaultErrors.damaged, VaultErrors.storageAway)
  async archive(
    @CurrentVisitor() visitor: ShareVisitor,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const archive = this.archives.of(visitor);
    whenComplete(request, response, () => this.ledger.noteFetched(visitor, archive.count.files));
    await sendArchive(request, response, archive);
  }
}
