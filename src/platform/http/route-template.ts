import type { Request } from 'express';

/** What stands for everything that is no route of ours. */
export const NO_ROUTE = '(no route)';

/** The template of the route that a request has reached, such as `/api/v1/files/:id`; never its path, because file names are in paths. */
export function routeTemplate(request: Request): string {
  const path = (request.route as { path?: unknown } | undefined)?.path;
  return typeof path === 'string' ? path : NO_ROUTE;
}
