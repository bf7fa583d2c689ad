/** certificatesigningrequests/NAME/approval (`kubectl certificate approve`, `deny`): changes conditions, and no verdict is taken back. */
import type * as certificates from 'kubernetes-types/certificates/v1';
import { invalid } from '../../shared/kubernetes/api-error.ts';
import type { KindMap, New, ObjectRef } from '../../shared/kubernetes/objects.ts';
import { formatTime } from '../../shared/kubernetes/time.ts';
import { forbidden, invalidValue } from '../registry/field-checks.ts';
import { KINDS } from '../registry/kinds.ts';
import { changedMeta } from '../registry/object-meta.ts';
import { contentTypeOf, decodeObject, fieldValidationOf, isDryRun, readJson } from './decode-body.ts';
import type { Exchange } from './exchange.ts';
import { fieldManagerOf } from './field-owner.ts';
import { requireSigner } from './guard-write.ts';
import { applyPatch } from './patch/apply-patch.ts';
import { refuseOtherName, refuseStale, sendObject, type WriteDeps } from './write.ts';

type SigningRequest = KindMap['CertificateSigningRequest'];
type Condition = certificates.CertificateSigningRequestCondition;

const KIND = KINDS.CertificateSigningRequest;
const FIELD = 'status.conditions';

/** PUT and PATCH. */
export async function approveRequest(deps: WriteDeps, exchange: Exchange, ref: ObjectRef): Promise<void> {
  const isPatch = exchange.method === 'PATCH';
  const contentType = contentTypeOf(exchange);
  const body = await readJson(exchange);
  const validation = fieldValidationOf(exchange);
  const given = (current: SigningRequest) =>
    decodeObject(KIND, isPatch ? applyPatch(contentType, KIND.type, current, body) : body, validation);
  const now = formatTime(deps.clock.nowMs());
  const make = (current: SigningRequest): SigningRequest => {
    requireSigner(
      { authorizer: deps.authorizer, identity: exchange.identity },
      'approve',
      ref.name,
      current.spec.signerName,
    );
    const { object, warnings } = given(current);
    refuseOtherName(object, ref);
    refuseStale(KIND, current, object);
    exchange.warn(warnings);
    return withVerdict(current, object, now);
  };
  const owner = { manager: fieldManagerOf(exchange, isPatch ? 'PatchOptions' : 'UpdateOptions') };
  const options = { part: 'status' as const, dryRun: isDryRun(exchange), owner };
  sendObject(deps, exchange, KIND, 200, await deps.registry.change(KIND.id, ref, make, options));
}

/** Throws ApiError Invalid for a verdict that is taken back, or that contradicts another. */
function withVerdict(current: SigningRequest, given: New<SigningRequest>, now: string): SigningRequest {
  const known = current.status?.conditions ?? [];
  const wanted = given.status?.conditions ?? [];
  const verdicts = wanted.filter(isVerdict);
  const taken = known.filter(isVerdict).filter(({ type }) => !verdicts.some(other => other.type === type));
  const faults = [
    ...taken.map(({ type }) =>
      forbidden(FIELD, `updates may not remove a condition of type ${JSON.stringify(type)}`),
    ),
    ...(verdicts.length > 1
      ? [
          invalidValue(
            `${FIELD}[1].type`,
            verdicts[1]?.type,
            'Approved and Denied conditions are mutually exclusive',
          ),
        ]
      : []),
    ...verdicts
      .filter(({ status }) => status !== 'True')
      .map(({ status }) =>
        invalidValue(`${FIELD}.status`, status, 'Approved and Denied conditions may only be "True"'),
      ),
  ];
  if (faults.length > 0) throw invalid(KIND, current.metadata.name, faults);
  const conditions = wanted.map(condition => {
    const before = known.find(({ type }) => type === condition.type);
    return {
      ...condition,
      lastUpdateTime: condition.lastUpdateTime ?? before?.lastUpdateTime ?? now,
      lastTransitionTime: condition.lastTransitionTime ?? before?.lastTransitionTime ?? now,
    };
  });
  const metadata = changedMeta(given.metadata, current.metadata);
  return { ...current, metadata, status: { ...current.status, conditions } };
}

function isVerdict({ type }: Condition): boolean {
  return type === 'Approved' || type === 'Denied';
}
