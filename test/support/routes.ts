import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants';
import { MetadataScanner, ModulesContainer } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { API_PREFIX, OUTSIDE_PREFIX } from '../../src/platform/http/api-prefix';
import { ACCESS, type AccessLabel } from '../../src/platform/http/access.decorator';

/** A controller's method that answers requests. */
export interface Handler {
  /** `FilesController.list` */
  readonly name: string;
  /** As Express knows it: `GET /api/v1/files/:id`. */
  readonly route: string;
  /** From the method, else from its class; undefined where nobody said. */
  readonly access: AccessLabel | undefined;
}

type Method = (...args: never[]) => unknown;

/** Every handler of the running application, by reflection: what Nest knows, not what somebody wrote down. */
export function handlersOf(app: NestExpressApplication): Handler[] {
  const controllers = [...app.get(ModulesContainer).values()].flatMap((module) => [...module.controllers.values()]);
  return controllers.flatMap(({ metatype, name }) => {
    const type = metatype as new () => Record<string, Method>;
    const prototype = type.prototype as Record<string, Method>;
    return new MetadataScanner().getAllMethodNames(prototype).flatMap((methodName): Handler[] => {
      const method = prototype[methodName];
      const verb = Reflect.getMetadata(METHOD_METADATA, method) as RequestMethod | undefined;
      if (verb === undefined) return [];
      const access = (Reflect.getMetadata(ACCESS, method) ?? Reflect.getMetadata(ACCESS, type)) as Handler['access'];
      return paths(type).flatMap((base) =>
        paths(method).map((path) => {
          const route = `${RequestMethod[verb]} ${fullPath(base, path)}`;
          return { name: `${name as string}.${methodName}`, route, access };
        }),
      );
    });
  });
}

/** Every route that Express answers, in the same form; `ALL` for those that take any method. */
export function expressRoutesOf(app: NestExpressApplication): string[] {
  return layersOf(app).flatMap(({ route }) => {
    if (!route) return [];
    const methods = Object.keys(route.methods);
    return methods.length > 10 ? [`ALL ${route.path}`] : methods.map((verb) => `${verb.toUpperCase()} ${route.path}`);
  });
}

/** The paths out of some that Express would serve files for. */
export function servedStatically(app: NestExpressApplication, candidates: readonly string[]): string[] {
  const layers = layersOf(app).filter(({ name }) => name === 'serveStatic');
  return candidates.filter((path) => layers.some((layer) => layer.match(path)));
}

interface Layer {
  readonly name: string;
  readonly route?: { readonly path: string; readonly methods: Record<string, boolean> };
  match(path: string): boolean;
}

function layersOf(app: NestExpressApplication): readonly Layer[] {
  return app.getHttpAdapter().getInstance().router.stack as unknown as readonly Layer[];
}

function paths(decorated: object): string[] {
  return [Reflect.getMetadata(PATH_METADATA, decorated) as string | string[]].flat();
}

function fullPath(...parts: string[]): string {
  const path = parts
    .flatMap((part) => part.split('/'))
    .filter((part) => part !== '')
    .join('/');
  const isOutside = (OUTSIDE_PREFIX as readonly string[]).includes(path);
  return isOutside ? `/${path}` : `${API_PREFIX}/${path}`;
}
