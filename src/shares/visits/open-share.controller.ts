import { Body, Controller, Headers, HttpCode, Param, Post, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Access } from '../../platform/http/access.decorator';
import { ApiProblems } from '../../platform/http/api-problems.decorator';
import { ClientIp } from '../../platform/http/client-ip.decorator';
import { RequestErrors } from '../../platform/http/http.errors';
import { IdPipe } from '../../platform/http/id.pipe';
import { RatePolicy } from '../../platform/http/rate-limit/rate-policy.decorator';
import { RateWeight } from '../../platform/http/rate-limit/rate-weight.decorator';
import { PasswordErrors } from '../../platform/passwords/password.errors';
import { ShareErrors } from '../shares.errors';
import { OpenShareDto } from './open-share.dto';
import { ShareCookies } from './share-cookies.service';
import { ShareVisits } from './share-visits.service';
import { OpenedShareResponse, toOpenedShareResponse } from './visit.response.dto';

@ApiTags('Shares')
@Controller('shares')
export class OpenShareController {
  constructor(
    private readonly visits: ShareVisits,
    private readonly cookies: ShareCookies,
  ) {}

  @Post(':id/open')
  @HttpCode(200)
  @Access('public')
  @RatePolicy('share')
  @RateWeight(5)
  @ApiOperation({
    operationId: 'openShare',
    summary: 'Open a share with the secret of its link',
    description:
      'A share that there is not, has ended, is used up or does not open with this secret: all of that is one answer, 404. Each opening ' +
      'counts, and its owner sees it.',
  })
  @ApiParam({
    name: 'id',
    format: 'uuid',
    description: 'The share, from its link.',
    example: '019ab0c4-8a31-7e20-b6f4-0c1d2e3f4a5b',
  })
  @ApiOkResponse({ type: OpenedShareResponse, description: 'Open.' })
  @ApiProblems(
    RequestErrors.invalid,
    ShareErrors.notFound,
    ShareErrors.wrongPassword,
    PasswordErrors.tooManyGuesses,
    PasswordErrors.busy,
  )
  async open(
    @Param('id', new IdPipe(ShareErrors.notFound)) id: string,
    @Body() { transport = 'bearer', ...knock }: OpenShareDto,
    @ClientIp() ip: string,
    @Headers() headers: Record<string, string | undefined>,
    @Res({ passthrough: true }) response: Response,
  ): Promise<OpenedShareResponse> {
    const opened = await this.visits.open(id, knock, { ip, agent: headers['user-agent'] });
    if (transport === 'cookie') this.cookies.give(response, id, opened.token);
    return toOpenedShareResponse(opened, transport === 'cookie' ? 'no tokens' : 'tokens');
  }
}
