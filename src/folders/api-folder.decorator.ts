import { ApiParam } from '@nestjs/swagger';

/** Documents the folder in a route's path. */
export const ApiFolder = () =>
  ApiParam({ name: 'id', format: 'uuid', description: 'The folder.', example: '019ab0c4-6a10-7b02-9a4b-7e6c1d2f3a44' });
