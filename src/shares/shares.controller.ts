import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';
import type { Response } from 'express';
import { FileErrors } from '../files/files.errors';
import { FolderErrors } from '../folders/folders.errors';
import { Access } from '../platform/http/access.decorator';
import { API_PREFIX } from '../platform/http/api-prefix';
import { ApiProblems } from '../platform/http/api-problems.decorator';
import { CurrentUser } from '../platform/http/current-user.decorator';
import { encodeCursor, readCursor } from '../platform/http/cursor';
import { RequestErrors } from '../platform/http/http.errors';
import { IdPipe } from '../platform/http/id.pipe';
import { PageDto } from '../platform/http/page.dto';
import type { Principal } from '../platform/http/principal';
import { RateWeight } from '../platform/http/rate-limit/rate-weight.decorator';
import { HASH_UNITS } from '../platform/passwords/password-hasher.service';
import { PasswordErrors } from '../platform/passwords/password.errors';
import { CreateShareDto } from './create-share.dto';
import { ShareCreation } from './share-creation.service';
import { ShareOpeningListResponse, toShareOpeningResponse } from './share-opening.response.dto';
import { CreatedShareResponse, ShareListResponse, toCreatedShareResponse, toShareResponse } from './share.response.dto';
import { ShareErrors } from './shares.errors';
import { SharesService } from './shares.service';

const SHARE = {
  name: 'id',
  format: 'uuid',
  description: 'The share.',
  example: '019ab0c4-8a31-7e20-b6f4-0c1d2e3f4a5b',
} as const;

@ApiTags('Shares')
@Controller('shares')
export class SharesController {
  constructor(
    private readonly creation: ShareCreation,
    private readonly shares: SharesService,
  ) {}

  @Post()
  @Access('session')
  @RateWeight(HASH_UNITS)
  @ApiOperation({
    operationId: 'createShare',
    summary: 'Share a folder or some files by a link',
    description:
      'Whoever has the link sees them until the share ends, and with `password` only together with it. You must be able to open ' +
      'what you share. Moved, trashed or locked, a file is not shared any more.',
  })
  @ApiCreatedResponse({
    type: CreatedShareResponse,
    description: 'Shared. The link is shown this once.',
    headers: { Location: { description: 'The share.', schema: { type: 'string' } } },
  })
  @ApiProblems(
    RequestErrors.invalid,
    ShareErrors.badTarget,
    ShareErrors.badEnd,
    ShareErrors.noPreview,
    PasswordErrors.refused,
    PasswordErrors.busy,
    FolderErrors.notFound,
    FileErrors.notFound,
    FolderErrors.isRoot,
    FolderErrors.locked,
    FolderErrors.changedMeanwhile,
  )
  async create(
    @CurrentUser() principal: Principal,
    @Body() { expiresAt, ...wish }: CreateShareDto,
    @Res({ passthrough: true }) response: Response,
  ): Promise<CreatedShareResponse> {
    const share = await this.creation.create(principal, {
      ...wish,
      ...(expiresAt && { expiresAt: new Date(expiresAt) }),
    });
    response.location(`${API_PREFIX}/shares/${share.id}`);
    return toCreatedShareResponse(share);
  }

  @Get()
  @Access('session')
  @ApiOperation({
    operationId: 'listShares',
    summary: 'Your shares, page by page, the newest first',
    description: 'Expired ones stay in the list for a while. Follow `nextCursor` until it is null.',
  })
  @ApiOkResponse({ type: ShareListResponse, description: 'One page.' })
  @ApiProblems(RequestErrors.invalid)
  async list(@CurrentUser() principal: Principal, @Query() { limit, cursor }: PageDto): Promise<ShareListResponse> {
    const { shares, next } = await this.shares.list(principal, { limit, after: readCursor(cursor) });
    return { items: shares.map(toShareResponse), nextCursor: next && encodeCursor(next) };
  }

  @Get(':id/openings')
  @Access('session')
  @ApiOperation({
    operationId: 'listShareOpenings',
    summary: 'Who has opened a share, page by page, the newest first',
    description: 'Follow `nextCursor` until it is null.',
  })
  @ApiParam(SHARE)
  @ApiOkResponse({ type: ShareOpeningListResponse, description: 'One page.' })
  @ApiProblems(RequestErrors.invalid, ShareErrors.notFound)
  async listOpenings(
    @CurrentUser() principal: Principal,
    @Param('id', new IdPipe(ShareErrors.notFound)) id: string,
    @Query() { limit, cursor }: PageDto,
  ): Promise<ShareOpeningListResponse> {
    const { openings, next } = await this.shares.listOpenings(principal, id, { limit, after: readCursor(cursor) });
    return { items: openings.map(toShareOpeningResponse), nextCursor: next && encodeCursor(next) };
  }

  @Delete(':id')
  @HttpCode(204)
  @Access('session')
  @ApiOperation({
    operationId: 'revokeShare',
    summary: 'End a share',
    description: 'Whoever looks at it gets nothing more from the next request on. Its list of openings goes with it.',
  })
  @ApiParam(SHARE)
  @ApiNoContentResponse({ description: 'It is gone.' })
  @ApiProblems(ShareErrors.notFound)
  async revoke(
    @CurrentUser() principal: Principal,
    @Param('id', new IdPipe(ShareErrors.notFound)) id: string,
  ): Promise<void> {
    await this.shares.revoke(principal, id);
  }
}
