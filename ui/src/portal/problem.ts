import type { ApiProblem, ServerErrorCode } from '../contract';

/** What the server refused; thrown by `Api` and caught where it can be told. */
export class ServerProblem extends Error {
  constructor(readonly problem: ApiProblem) {
    super(problem.title);
  }
}

/** A problem that this page found itself: no answer, or one that can't be read. */
export function ownProblem(code: ServerErrorCode, title: string): ApiProblem {
  return { type: `urn:bellbird:problem:${code}`, title, status: 0, code, params: {} };
}

/** The problem behind what was thrown. */
export function problemOf(thrown: unknown): ApiProblem {
  if (thrown instanceof ServerProblem) return thrown.problem;
  return ownProblem('internal', thrown instanceof Error ? thrown.message : 'unknown');
}

/** Reads the answer to a request that was refused: problem+json, or whatever stands between us and the server. */
export async function problemIn(response: Response): Promise<ApiProblem> {
  try {
    const body = (await response.json()) as Partial<ApiProblem>;
    if (typeof body.code === 'string') {
      return {
        ...ownProblem(body.code, body.title ?? ''),
        ...body,
        params: body.params ?? {},
        status: response.status,
      };
    }
  } catch {
    // A proxy's own page: the status is all that is known.
  }
  return {
    ...ownProblem(response.status >= 500 ? 'unavailable' : 'unknown', response.statusText),
    status: response.status,
  };
}
