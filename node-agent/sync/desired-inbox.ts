/** Takes in what the master says that the device must run, keeps it in the checkpoint, and hands it on. */
import type { Logger } from 'pino';
import {
  DesiredSchema,
  DocumentsSchema,
  type EventReport,
  type IssuedToken,
  parseMessage,
  type Report,
} from '../../shared/protocol/messages.ts';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { acceptDocuments, acceptIndex, type DesiredSet, emptyDesiredSet } from './desired-set.ts';

export type DesiredInboxDeps = {
  readonly log: Logger;
  readonly epoch: string;
  /** The one that this device belongs to. */
  readonly cluster: string;
  readonly checkpoint: Pick<Checkpoint, 'load' | 'save'>;
  /** The one that was worked towards before. */
  readonly onResume: (set: DesiredSet) => void;
  /** There is another set to work towards. */
  readonly onSet: (set: DesiredSet) => void;
  /** It came from the master: documents of it may be missing. */
  readonly onNews: () => void;
  /** The master said which pods there are, be they the same as before. */
  readonly onIndex: () => void;
  readonly onTokens: (answers: readonly IssuedToken[]) => void;
  readonly emit: (event: EventReport) => void;
};

export class DesiredInbox {
  private readonly deps: DesiredInboxDeps;
  private held: DesiredSet = emptyDesiredSet;

  constructor(deps: DesiredInboxDeps) {
    this.deps = deps;
  }

  get set(): DesiredSet {
    return this.held;
  }

  /** The index that is worked towards, as reports name it; undefined before there is any. */
  get observed(): Report['observed'] {
    const { index } = this.held;
    return index && { incarnation: index.incarnation, generation: index.generation };
  }

  /** What ran before the device went down runs again, with no word from the master. */
  async resume(): Promise<void> {
    const { checkpoint, cluster, emit, onResume } = this.deps;
    const { set, fallback } = await checkpoint.load();
    if (fallback !== 'none') {
      const what =
        fallback === 'previous' ? 'the one before it is used' : 'nothing runs until the master answers';
      const message = `the checkpoint on disk is damaged; ${what}`;
      emit({ type: 'Warning', reason: 'CheckpointDamaged', message });
    }
    if (set.index && set.index.cluster !== cluster) return;
    this.held = set;
    if (set.index) onResume(set);
  }

  receiveIndex(payload: Uint8Array): void {
    const { epoch, cluster, onIndex } = this.deps;
    const parsed = parseMessage(DesiredSchema, payload);
    if (!parsed.ok) {
      this.complain('desired', parsed.reason);
      return;
    }
    const accepted = acceptIndex(this.held, parsed.message, { epoch, cluster });
    if (accepted.ok) {
      this.accept(accepted.set);
      onIndex();
    } else if (accepted.reason !== 'other-epoch') this.complain('desired', accepted.reason);
  }

  receiveDocuments(payload: Uint8Array): void {
    const parsed = parseMessage(DocumentsSchema, payload);
    if (!parsed.ok) {
      this.complain('documents', parsed.reason);
      return;
    }
    const { documents, tokens = [] } = parsed.message;
    if (documents.length > 0) this.accept(acceptDocuments(this.held, parsed.message));
    if (tokens.length > 0) this.deps.onTokens(tokens);
  }

  /** Acts before it writes: a start must not wait for a card. */
  private accept(set: DesiredSet): void {
    const { checkpoint, onSet, onNews } = this.deps;
    this.held = set;
    if (set.index === undefined) return;
    onSet(set);
    onNews();
    void checkpoint.save(set);
  }

  private complain(what: string, reason: string): void {
    this.deps.log.warn({ message: what, reason }, 'message refused');
  }
}
