import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { Access } from '../http/access.decorator';
import { ApiProblems } from '../http/api-problems.decorator';
import { ServerErrors } from '../http/http.errors';
import { RateWeight } from '../http/rate-limit/rate-weight.decorator';
import { HealthService, type OptionalPart } from './health.service';

class LiveResponse {
  @ApiProperty({ enum: ['live'], example: 'live' })
  status!: 'live';
}

class ReadyResponse {
  @ApiProperty({ enum: ['ready', 'degraded'], description: '`degraded` serves all the same.', example: 'ready' })
  status!: 'ready' | 'degraded';

  @ApiProperty({
    enum: ['redis'],
    isArray: true,
    required: false,
    description:
      'Of a `degraded` server: what is away. Without its Redis each process counts request rates for itself.',
    example: ['redis'],
  })
  away?: readonly OptionalPart[];
}

/** Never limited: a load balancer asks for all of its clients, and one that meets a 429 takes a healthy process away from them. */
@ApiTags('Server')
@Controller('health')
@Access('public')
@RateWeight(0)
export class HealthController {
  constructor(private readonly health: HealthService) {}

  @Get('live')
  @ApiOperation({ operationId: 'isLive', summary: 'Is the process alive?' })
  @ApiOkResponse({ type: LiveResponse, description: 'It is.' })
  live(): LiveResponse {
    return { status: 'live' };
  }

  @Get('ready')
  @ApiOperation({ operationId: 'isReady', summary: 'Can it serve: database, blob store, not shutting down?' })
  @ApiOkResponse({ type: ReadyResponse, description: 'It can.' })
  @ApiProblems(ServerErrors.notReady)
  async ready(): Promise<ReadyResponse> {
    const away = await this.health.check();
    return away.length === 0 ? { status: 'ready' } : { status: 'degraded', away };
  }
}
