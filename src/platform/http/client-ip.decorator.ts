import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { clientAddress, UNKNOWN_ADDRESS } from './client-address';

/** The {@link clientAddress} of the request, or `unknown`. Nest's `@Ip()` gives what a proxy or a stranger behind one has written, as it is. */
export const ClientIp = createParamDecorator(
  (_: unknown, context: ExecutionContext): string =>
    clientAddress(context.switchToHttp().getRequest<Request>().ip) ?? UNKNOWN_ADDRESS,
);
