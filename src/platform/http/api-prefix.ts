/** Before every path of the API. */
export const API_PREFIX = '/api/v1';

/** What stands outside: health checks for orchestrators, and the page that the link of a share opens. So do the documents. */
export const OUTSIDE_PREFIX = ['health/live', 'health/ready', 's/:id', 's/assets/:name'] as const;
