import type { Bytes, operations } from './schema';

/** Name of an operation, its `operationId` in the API document. */
export type OperationId = keyof operations;

type Body<Content> = Content extends { 'application/json': infer Json }
  ? Json
  : Content extends { 'multipart/form-data': unknown }
    ? FormData
    : Bytes;

/** What an operation takes: values for its path, query and headers, and a body where it has one. */
export type Input<Id extends OperationId> = Pick<operations[Id]['parameters'], 'path' | 'query' | 'header'> &
  (operations[Id] extends { requestBody: { content: infer Content } } ? { body: Body<Content> } : { body?: never }) & {
    /** Ends the request, also while bytes are on their way. */
    signal?: AbortSignal;
  };

/** An operation that needs nothing may be called with nothing. */
export type Arguments<Id extends OperationId> =
  Record<never, never> extends Input<Id> ? [input?: Input<Id>] : [input: Input<Id>];

/** The JSON of an operation's good answers; undefined where one has no body. */
export type Answer<Id extends OperationId> = {
  [Status in keyof operations[Id]['responses']]: operations[Id]['responses'][Status] extends {
    content: { 'application/json': infer Json };
  }
    ? Json
    : undefined;
}[keyof operations[Id]['responses']];
