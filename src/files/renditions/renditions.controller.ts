import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Access } from '../../platform/http/access.decorator';
import { CurrentUser } from '../../platform/http/current-user.decorator';
import { IdPipe } from '../../platform/http/id.pipe';
import type { Principal } from '../../platform/http/principal';
import { VaultErrors } from '../../vault/vault.errors';
import { ApiBytes } from '../download/api-content.decorator';
import { sendFile } from '../download/send-file';
import { FileErrors } from '../files.errors';
import { RENDITION_KINDS } from './rendition-kinds';
import { RenditionsService } from './renditions.service';

@ApiTags('Files')
@Controller('files')
export class RenditionsController {
  constructor(private readonly renditions: RenditionsService) {}

  @Get(':id/renditions/:kind')
  @Access('session')
  @ApiOperation({
    operationId: 'getRendition',
    summary: 'A photo made smaller, without its metadata',
    description:
      'A `thumbnail` fits into 320 × 320 pixels, a `preview` into 2048 × 2048. It is made when it is first asked for, stands upright, and ' +
      'says nothing of where, when and by what the photo was taken. There is none for films, HEIC and raw photos.',
  })
  @ApiParam({ name: 'id', format: 'uuid', description: 'The file.', example: '019ab0c4-7d1f-7c55-8a0e-3f3d7b2b9c11' })
  @ApiParam({
    name: 'kind',
    description: 'How small.',
    schema: { type: 'string', enum: RENDITION_KINDS, example: 'thumbnail' },
  })
  @ApiBytes(['image/webp'], FileErrors.noRendition, FileErrors.renditionBusy, VaultErrors.storageFull)
  async get(
    @CurrentUser() principal: Principal,
    @Param('id', new IdPipe(FileErrors.notFound)) id: string,
    @Param('kind') kind: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    await sendFile(request, response, await this.renditions.byId(principal, id, kind), 'inline');
  }
}
