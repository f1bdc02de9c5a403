import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Controller, Get, Header, Param, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Access } from '../../platform/http/access.decorator';
import { RequestErrors } from '../../platform/http/http.errors';
import { RatePolicy } from '../../platform/http/rate-limit/rate-policy.decorator';

const ASSETS = join(__dirname, 'assets');
const PAGE = readFileSync(join(ASSETS, 'share.html'));
/** By the names that the page knows them by: no other path reaches the disk. */
const PARTS = new Map([
  ['share.css', { type: 'text/css; charset=utf-8', bytes: readFileSync(join(ASSETS, 'share.css')) }],
  ['icon.svg', { type: 'image/svg+xml', bytes: readFileSync(join(ASSETS, 'icon.svg')) }],
  ['share.js', { type: 'text/javascript; charset=utf-8', bytes: readFileSync(join(ASSETS, 'share.js')) }],
]);
/** Nothing in the page's own text may run, and without its script the form must not put a password into an address. */
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; form-action 'none'; base-uri 'none'; " +
  "frame-ancestors 'none'";

/** What a link opens: one page for all of them, so that it says nothing about any. The secret stays in the browser, behind the `#`. */
@ApiTags('Shares')
@Controller('s')
@Access('public')
@RatePolicy('share')
export class SharePageController {
  @Get(':id')
  @Header('Content-Security-Policy', CSP)
  @ApiOperation({
    operationId: 'getSharePage',
    summary: 'The page that a link opens',
    description: 'The same for every link, whether or not there is such a share.',
  })
  @ApiParam({ name: 'id', description: 'Of a share, or anything.', example: '019ab0c4-8a31-7e20-b6f4-0c1d2e3f4a5b' })
  @ApiProduces('text/html')
  @ApiOkResponse({ description: 'The page.', schema: { type: 'string', example: '<!doctype html>' } })
  page(@Res() response: Response): void {
    response.type('text/html; charset=utf-8').send(PAGE);
  }

  @Get('assets/:name')
  @ApiOperation({ operationId: 'getSharePageAsset', summary: 'Script, style and icon of that page' })
  @ApiParam({
    name: 'name',
    description: 'Which of them.',
    schema: { type: 'string', enum: [...PARTS.keys()], example: 'share.js' },
  })
  @ApiProduces('text/javascript', 'text/css', 'image/svg+xml')
  @ApiOkResponse({ description: 'The file.', schema: { type: 'string', example: "'use strict';" } })
  asset(@Param('name') name: string, @Res() response: Response): void {
    const part = PARTS.get(name);
    if (!part) throw RequestErrors.noRoute();
    response.type(part.type).send(part.bytes);
  }
}
