import { ApiProperty } from '@nestjs/swagger';

/** What every page of a list has, beside its items. */
export class PageResponse {
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Ask for the next page with it; null on the last one.',
    example: 'bXNjMmg1ZTAuMDE5YWIwYzQ3ZDFmN2M1NThhMGUzZjNkN2IyYjljMTE',
  })
  nextCursor!: string | null;
}
