import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiSecurity } from '@nestjs/swagger';
import { ApiProblems } from './api-problems.decorator';
import { AccessErrors } from './http.errors';

/** Who may enter a route: anybody, the holder of a live session, or a visitor of a share. An unlabelled route needs a session. */
export type AccessLabel = 'public' | 'session' | 'share';

export const ACCESS = 'photovault:access';

/** Set on routes that need a session which has proved itself with a PIN a moment ago. */
export const FRESH_PIN = 'photovault:fresh-pin';

/**
 * Labels a route or a controller. Enforced by `auth/session.guard` and `shares/share.guard`, checked for every route by a test.
 * @param options `freshPin`: for acts that cannot be undone, or that would take the account away; else 403 `AUTH.FRESH_PIN_REQUIRED`
 */
export function Access(label: AccessLabel, options: { freshPin?: boolean } = {}): MethodDecorator & ClassDecorator {
  return applyDecorators(
    SetMetadata(ACCESS, label),
    SetMetadata(FRESH_PIN, options.freshPin === true),
    ...(label === 'public' ? [] : [ApiSecurity(label)]),
    ...(options.freshPin ? [ApiProblems(AccessErrors.freshPinRequired)] : []),
  );
}
