import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiSecurity } from '@nestjs/swagger';

/** Who may enter a route: anybody, or the holder of a live session. An unlabelled route needs a session. */
export type AccessLabel = 'public' | 'session';

export const ACCESS = 'photovault:access';

/** Labels a route or a controller. Enforced by `auth/session.guard`, checked for every route by a test. */
export function Access(label: AccessLabel): MethodDecorator & ClassDecorator {
  return applyDecorators(SetMetadata(ACCESS, label), ...(label === 'session' ? [ApiSecurity('session')] : []));
}
