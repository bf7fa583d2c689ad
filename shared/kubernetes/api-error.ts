/**
 * Errors as the Kubernetes API says them: one class, one reason each, and the `Status` object that a client sees.
 * Wording follows k8s.io/apimachinery's errors, which clients show to people verbatim.
 */

/** Reasons in use, with their HTTP codes. Source: Kubernetes API conventions, "Response Status Kind". */
const CODE_OF_REASON = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Gone: 410,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  ServiceUnavailable: 503,
  Timeout: 504,
} as const;

export type StatusReason = keyof typeof CODE_OF_REASON;

/** One faulty field, as it stands in `details.causes`: `field` is a path such as `spec.containers[0].image`. */
export type StatusCause = { readonly reason: string; readonly message: string; readonly field?: string };

export type StatusDetails = {
  readonly name?: string;
  readonly group?: string;
  /** The plural resource name, or the Kind for Invalid. */
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
};

export type Status = {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: Record<string, unknown>;
  readonly status: 'Success' | 'Failure';
  readonly message?: string;
  readonly reason?: StatusReason | string;
  readonly details?: StatusDetails;
  readonly code?: number;
};

/** What the API refuses or fails to do; the api-server turns it into a Status answer. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly reason: StatusReason;
  readonly code: number;
  readonly details: StatusDetails;
  /** For Expired: with it a list goes on, though inconsistently. */
  readonly continueToken?: string;

  constructor(
    reason: StatusReason,
    message: string,
    details: StatusDetails = {},
    options: ErrorOptions & { readonly continueToken?: string } = {},
  ) {
    super(message, options);
    this.continueToken = options.continueToken;
    this.reason = reason;
    this.code = CODE_OF_REASON[reason];
    this.details = details;
  }

  toStatus(): Status {
    const { reason, code, message, details, continueToken } = this;
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: continueToken === undefined ? {} : { continue: continueToken },
      status: 'Failure',
      message,
      reason,
      details,
      code,
    };
  }
}

/** What an error message calls a resource: `pods`, or `deployments.apps` outside the core group. */
type Resource = { readonly group: string; readonly plural: string; readonly kind: string };

function qualified(resource: Resource): string {
  return resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`;
}

function detailsOf(resource: Resource, name: string): StatusDetails {
  return { name, ...(resource.group === '' ? {} : { group: resource.group }), kind: resource.plural };
}

export function notFound(resource: Resource, name: string): ApiError {
  return new ApiError('NotFound', `${qualified(resource)} "${name}" not found`, detailsOf(resource, name));
}

export function alreadyExists(resource: Resource, name: string): ApiError {
  return new ApiError(
    'AlreadyExists',
    `${qualified(resource)} "${name}" already exists`,
    detailsOf(resource, name),
  );
}

/** A lost compare-and-set; `why` replaces the usual advice to re-read. */
export function conflict(
  resource: Resource,
  name: string,
  why = 'the object has been modified; please apply your changes to the latest version and try again',
): ApiError {
  return new ApiError(
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${why}`,
    detailsOf(resource, name),
  );
}

/** Every fault of an object at once, each with the path of its field. */
export function invalid(resource: Resource, name: string, causes: readonly StatusCause[]): ApiError {
  const said = causes.map(cause =>
    cause.field === undefined ? cause.message : `${cause.field}: ${cause.message}`,
  );
  const list = said.length === 1 ? said[0] : `[${said.join(', ')}]`;
  return new ApiError(
    'Invalid',
    `${resource.kind}${resource.group === '' ? '' : `.${resource.group}`} "${name}" is invalid: ${list}`,
    { ...detailsOf(resource, name), kind: resource.kind, causes },
  );
}
