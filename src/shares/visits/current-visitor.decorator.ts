import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { VisitorRequest } from '../../platform/http/visitor';
import { ShareErrors } from '../shares.errors';
import type { ShareVisitor } from './share-visitor';

/** The {@link ShareVisitor} that the share guard has let in. */
export const CurrentVisitor = createParamDecorator((_: unknown, context: ExecutionContext): ShareVisitor => {
  const { visitor } = context.switchToHttp().getRequest<VisitorRequest<ShareVisitor>>();
  if (!visitor) throw ShareErrors.notFound();
  return visitor;
});
