import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { AppConfig } from '../config/app-config';
import { Access } from '../http/access.decorator';

class UploadLimits {
  @ApiProperty({ type: 'integer', description: 'Largest file, in bytes.', example: 10737418240 })
  maxBytes!: number;

  @ApiProperty({ type: [String], description: 'Media types that are stored.', example: ['image/jpeg', 'image/heic'] })
  types!: readonly string[];
}

class PinLimits {
  @ApiProperty({ type: 'integer', description: 'Length of a PIN.', example: 4 })
  digits!: number;

  @ApiProperty({ type: 'integer', description: 'Seconds that a PIN is good for.', example: 300 })
  expiresIn!: number;
}

export class ServerInfoResponse {
  @ApiProperty({ type: UploadLimits })
  upload!: UploadLimits;

  @ApiProperty({ type: PinLimits })
  pin!: PinLimits;
}

/** What a client must know before it begins; no versions of anything. */
@ApiTags('Server')
@Controller('server')
export class ServerInfoController {
  constructor(private readonly config: AppConfig) {}

  @Get()
  @Access('public')
  @ApiOperation({ operationId: 'getServerInfo', summary: 'The limits that a client needs' })
  @ApiOkResponse({ type: ServerInfoResponse, description: 'What this server accepts.' })
  info(): ServerInfoResponse {
    return {
      upload: { maxBytes: this.config.get('UPLOAD_MAX_BYTES'), types: this.config.get('UPLOAD_TYPES') },
      pin: { digits: this.config.get('PIN_DIGITS'), expiresIn: this.config.get('PIN_TTL_SECONDS') },
    };
  }
}
