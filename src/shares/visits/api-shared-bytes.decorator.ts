import { applyDecorators } from '@nestjs/common';
import { ApiProduces, ApiResponse } from '@nestjs/swagger';
import { FileErrors } from '../../files/files.errors';
import type { ErrorFactory } from '../../platform/errors/error-registry';
import { ApiProblems } from '../../platform/http/api-problems.decorator';
import { VaultErrors } from '../../vault/vault.errors';
import { ShareErrors } from '../shares.errors';

const BYTES = { type: 'string', format: 'binary' } as const;

/** Documents GET of the bytes of a shared file: as its owner gets them, but kept by nobody. */
export const ApiSharedBytes = (types: readonly string[], ...more: ErrorFactory[]) =>
  applyDecorators(
    ApiProduces(...types),
    ApiResponse({ status: 200, description: 'The whole file.', schema: BYTES }),
    ApiResponse({ status: 206, description: 'The range that was asked for.', schema: BYTES }),
    ApiResponse({ status: 304, description: 'You have it.' }),
    ApiProblems(
      ShareErrors.notFound,
      FileErrors.noRendition,
      FileErrors.renditionBusy,
      FileErrors.rangeNotSatisfiable,
      VaultErrors.damaged,
      VaultErrors.storageAway,
      VaultErrors.storageFull,
      ...more,
    ),
  );
