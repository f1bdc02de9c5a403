import { ApiProperty } from '@nestjs/swagger';
import type { TrustedDeviceEntity } from './trusted-device.entity';

/** A device that was remembered at a sign-in. */
export class DeviceResponse {
  @ApiProperty({ format: 'uuid', example: '019ab0c4-71d0-7b8a-a2c4-6d5e4f3a2b1c' })
  id!: string;

  @ApiProperty({ example: 'laptop-1' })
  deviceId!: string;

  @ApiProperty({ type: String, nullable: true, example: "Alice's laptop" })
  deviceName!: string | null;

  @ApiProperty({ format: 'date-time', example: '2026-11-20T10:00:00.000Z' })
  createdAt!: string;

  @ApiProperty({ format: 'date-time', description: 'The last sign-in from it.', example: '2026-12-01T08:30:00.000Z' })
  lastUsedAt!: string;

  @ApiProperty({
    format: 'date-time',
    description: 'It is trusted until then; moves with each sign-in that remembers it.',
    example: '2027-05-30T08:30:00.000Z',
  })
  expiresAt!: string;

  @ApiProperty({ description: 'Whether the session of this request was opened from it.', example: true })
  current!: boolean;
}

/** Every device that one person trusts. */
export class DeviceListResponse {
  @ApiProperty({ type: [DeviceResponse] })
  items!: DeviceResponse[];
}

export function toDeviceResponse(device: TrustedDeviceEntity, currentId: string | null): DeviceResponse {
  const { id, deviceId, deviceName } = device;
  return {
    id,
    deviceId,
    deviceName,
    createdAt: device.createdAt.toISOString(),
    lastUsedAt: device.lastUsedAt.toISOString(),
    expiresAt: device.expiresAt.toISOString(),
    current: id === currentId,
  };
}
