/** Bounds of what definitions and custom objects may cost. */

/** Faults that one refusal names; what is over stays unsaid, for an answer of megabytes helps nobody. */
export const MAX_FAULTS = 100;

/** Depth of a schema and of a value; a deeper one is refused. Kubernetes's deepest published schemas need about 30. */
export const MAX_DEPTH = 64;

/** Schemas in one version of a definition, counting every one within another; more are refused. */
export const MAX_SCHEMAS = 50_000;

/** Compiled patterns that are kept; the oldest go first. */
export const MAX_PATTERNS = 1000;

/** All rules of one object together, milliseconds; past it the object is refused, as with Kubernetes's cost budget. */
export const RULES_BUDGET_MS = 250;

/** A machine that had no time for the rules is asked again so often; then the object is refused. */
export const MAX_STARVED_TRIES = 4;

/** Nodes of one rule's expression; a longer one is refused. */
export const MAX_RULE_NODES = 5000;

/** Selectable fields of a version, as in Kubernetes. */
export const MAX_SELECTABLE_FIELDS = 8;
