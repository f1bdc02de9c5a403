import type { Server } from 'node:http';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { Counter, Histogram } from 'prom-client';
import { ConnectionBytes } from '../metrics/connection-bytes';
import type { Metrics } from '../metrics/metrics';
import { NO_ROUTE, routeTemplate } from './route-template';

/** From a look-up to a large transfer. */
const BUCKETS = [0.005, 0.025, 0.1, 0.5, 2.5, 10, 60];
/** Beyond routes, where any method may come. */
const METHODS = new Set(['GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE', 'OPTIONS']);

/**
 * Counts requests by the template of their route, their method and how they ended, and what flows through the connections of the server.
 * Nothing that a client chooses becomes a label.
 * @returns the middleware that sees each request, or none where nobody asks for figures
 */
export function requestMetrics(metrics: Metrics, server: Server): RequestHandler[] {
  if (!metrics.isOn) return [];
  measureConnections(metrics, server);
  const registers = [metrics.registry];
  const requests = new Counter({
    name: 'photovault_http_requests_total',
    help: 'Requests that have ended, by route; status "aborted" where the answer did not go out whole.',
    labelNames: ['method', 'route', 'status'],
    registers,
  });
  const durations = new Histogram({
    name: 'photovault_http_request_duration_seconds',
    help: 'From the head of a request to the end of its answer, bodies and slow clients included.',
    labelNames: ['route'],
    buckets: BUCKETS,
    registers,
  });
  let open = 0;
  metrics.gauge({ name: 'photovault_http_requests_open', help: 'Requests that are being answered.' }, () => open);
  return [
    (request: Request, response: Response, next: NextFunction): void => {
      const started = performance.now();
      open++;
      response.once('close', () => {
        open--;
        const route = routeTemplate(request);
        const method = route === NO_ROUTE && !METHODS.has(request.method) ? 'other' : request.method;
        const status = response.writableFinished ? String(response.statusCode) : 'aborted';
        requests.inc({ method, route, status });
        durations.observe({ route }, (performance.now() - started) / 1000);
      });
      next();
    },
  ];
}

function measureConnections(metrics: Metrics, server: Server): void {
  const bytes = new ConnectionBytes();
  bytes.attach(server);
  const received = { name: 'photovault_http_received_bytes_total', help: 'Bytes that clients have sent.' };
  metrics.total(received, () => bytes.received);
  metrics.total({ name: 'photovault_http_sent_bytes_total', help: 'Bytes that went to clients.' }, () => bytes.sent);
  metrics.gauge({ name: 'photovault_http_connections', help: 'Open connections.' }, () => bytes.connections);
}
