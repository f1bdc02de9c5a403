import { ApiProperty } from '@nestjs/swagger';
import { PageResponse } from '../../platform/http/page.response.dto';
import type { SecurityEventEntity } from './security-event.entity';
import { SECURITY_EVENTS } from './security-log.service';

/** Something that happened to an account. */
export class SecurityEventResponse {
  @ApiProperty({ format: 'uuid', example: '019ab0c4-9b2e-7f10-8c3d-4e5f6a7b8c9d' })
  id!: string;

  @ApiProperty({
    enum: SECURITY_EVENTS,
    description: 'What happened. Later versions know more kinds.',
    example: 'device.new',
  })
  kind!: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-20T10:00:00.000Z' })
  createdAt!: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Where the request came from; removed after a while.',
    example: '192.0.2.7',
  })
  ip!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'What the device calls itself, which anybody can claim.',
    example: "Alice's laptop",
  })
  device!: string | null;
}

/** A page of the security log. */
export class SecurityEventListResponse extends PageResponse {
  @ApiProperty({ type: [SecurityEventResponse] })
  items!: SecurityEventResponse[];
}

export function toSecurityEventResponse(event: SecurityEventEntity): SecurityEventResponse {
  const { id, kind, createdAt, ip, device } = event;
  return { id, kind, createdAt: createdAt.toISOString(), ip, device };
}
