/** PUT certificatesigningrequests/NAME/approval (`kubectl certificate approve`, `deny`): changes the two verdicts, nothing else. */
import type * as certificates from 'kubernetes-types/certificates/v1';
import { invalid } from '../../shared/kubernetes/api-error.ts';
import type { KindMap, New, ObjectRef } from '../../shared/kubernetes/objects.ts';
import { formatTime } from '../../shared/kubernetes/time.ts';
import { forbidden, invalidValue } from '../registry/field-checks.ts';
import { KINDS } from '../registry/kinds.ts';
import { decodeObject, fieldValidationOf, isDryRun, readJson } from './decode-body.ts';
import type { Exchange } from './exchange.ts';
import { fieldManagerOf } from './field-owner.ts';
import { requireSigner } from './guard-write.ts';
import { sendObject, type WriteDeps } from './write.ts';

type SigningRequest = KindMap['CertificateSigningRequest'];
type Condition = certificates.CertificateSigningRequestCondition;

const KIND = KINDS.CertificateSigningRequest;
const FIELD = 'status.conditions';

export async function approveRequest(deps: WriteDeps, exchange: Exchange, ref: ObjectRef): Promise<void> {
  const { object, warnings } = decodeObject(KIND, await readJson(exchange), fieldValidationOf(exchange));
  exchange.warn(warnings);
  const now = formatTime(deps.clock.nowMs());
  const make = (current: SigningRequest): SigningRequest => {
    requireSigner(
      { authorizer: deps.authorizer, identity: exchange.identity },
      'approve',
      ref.name,
      current.spec.signerName,
    );
    return withVerdict(current, object, now);
  };
  const { resourceVersion, uid } = object.metadata;
  const owner = { manager: fieldManagerOf(exchange, 'UpdateOptions') };
  const options = { part: 'status' as const, resourceVersion, uid, dryRun: isDryRun(exchange), owner };
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
  const added = verdicts
    .filter(({ type }) => !known.some(other => other.type === type))
    .map(condition => ({
      ...condition,
      lastUpdateTime: condition.lastUpdateTime ?? now,
      lastTransitionTime: condition.lastTransitionTime ?? now,
    }));
  return { ...current, status: { ...current.status, conditions: [...known, ...added] } };
}

function isVerdict({ type }: Condition): boolean {
  return type === 'Approved' || type === 'Denied';
}
