import { Controller, Get, Head, Query, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { ApiBytes, ApiContentHead } from '../../files/download/api-content.decorator';
import { FolderErrors } from '../../folders/folders.errors';
import { Access } from '../../platform/http/access.decorator';
import { ClientIp } from '../../platform/http/client-ip.decorator';
import { CurrentUser } from '../../platform/http/current-user.decorator';
import { RequestErrors } from '../../platform/http/http.errors';
import type { Principal } from '../../platform/http/principal';
import { RateWeight } from '../../platform/http/rate-limit/rate-weight.decorator';
import { ExportErrors } from './export.errors';
import { ExportOptionsDto, toExportSelection } from './export-options.dto';
import { Exports } from './exports.service';
import { sendExport } from './send-export';

/** Each request reads every row that it is about, be it for one byte. */
const EXPORT_UNITS = 100;

/** Needs no fresh PIN: an export that broke has to go on, hours after it began. */
@ApiTags('Account')
@Controller('users/me/export')
@RateWeight(EXPORT_UNITS)
export class ExportController {
  constructor(private readonly exports: Exports) {}

  @Head()
  @Access('session')
  @ApiOperation({ operationId: 'headExport', summary: 'Size and ETag of an export without its bytes' })
  @ApiContentHead(FolderErrors.notFound, ExportErrors.tooMany, ExportErrors.changedMeanwhile)
  async head(
    @CurrentUser() principal: Principal,
    @Query() options: ExportOptionsDto,
    @ClientIp() ip: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const selection = toExportSelection(options);
    await sendExport(request, response, (isWanted) => this.exports.prepare(principal, selection, { ip, isWanted }));
  }

  @Get()
  @Access('session')
  @ApiOperation({
    operationId: 'getExport',
    summary: 'All that you have, a folder or some files as a ZIP',
    description:
      'Folders are directories, and `manifest.json` has the SHA-256 of each file. What is locked is left out and named there, unless you have ' +
      'unlocked it. A download that broke goes on with `Range` and `If-Range`; when anything has changed meanwhile, the whole is sent again.',
  })
  @ApiBytes(
    ['application/zip'],
    RequestErrors.invalid,
    FolderErrors.notFound,
    ExportErrors.tooMany,
    ExportErrors.changedMeanwhile,
  )
  async get(
    @CurrentUser() principal: Principal,
    @Query() options: ExportOptionsDto,
    @ClientIp() ip: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const selection = toExportSelection(options);
    await sendExport(request, response, (isWanted) => this.exports.prepare(principal, selection, { ip, isWanted }));
  }
}
