import { ApiProperty } from '@nestjs/swagger';
import { PageResponse } from '../platform/http/page.response.dto';
import type { ShareOpeningEntity } from './visits/share-opening.entity';

/** Somebody has opened a share. */
export class ShareOpeningResponse {
  @ApiProperty({ format: 'uuid', example: '019ab0c4-9b2e-7f10-8c3d-4e5f6a7b8c9d' })
  id!: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-20T10:00:00.000Z' })
  openedAt!: string;

  @ApiProperty({ description: 'About from where: no more of an address is kept.', example: '192.0.x.x' })
  network!: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'What the browser or program calls itself, which anybody can claim.',
    example: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  })
  agent!: string | null;

  @ApiProperty({
    type: 'integer',
    description: 'Downloads that came to their end; one of the archive counts each file in it.',
    example: 12,
  })
  filesFetched!: number;
}

/** A page of the openings of a share. */
export class ShareOpeningListResponse extends PageResponse {
  @ApiProperty({ type: [ShareOpeningResponse] })
  items!: ShareOpeningResponse[];
}

export function toShareOpeningResponse(opening: ShareOpeningEntity): ShareOpeningResponse {
  const { id, openedAt, network, agent, filesFetched } = opening;
  return { id, openedAt: openedAt.toISOString(), network, agent, filesFetched };
}
