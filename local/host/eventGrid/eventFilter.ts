/** An event as a system topic publishes it, in Event Grid's own schema. */
export interface TopicEvent {
  id: string;
  topic: string;
  subject: string;
  eventType: string;
  eventTime: string;
  data: Record<string, unknown>;
}

/** The filter of an event subscription, as its resource has it. */
export interface EventFilter {
  includedEventTypes?: string[];
  subjectBeginsWith?: string;
  subjectEndsWith?: string;
  isSubjectCaseSensitive?: boolean;
  advancedFilters?: AdvancedFilter[];
}

interface AdvancedFilter {
  operatorType: string;
  key: string;
  values?: unknown[];
}

const parts = new Set([
  'includedEventTypes',
  'subjectBeginsWith',
  'subjectEndsWith',
  'isSubjectCaseSensitive',
  'advancedFilters',
  'enableAdvancedFilteringOnArrays',
]);

/** Throws for a filter that is not understood as a whole, before it lets anything through. */
export function requireKnownFilter(filter: EventFilter): void {
  const unknown = Object.keys(filter).find((part) => !parts.has(part));
  if (unknown) throw new Error(`The filter has ${unknown}, which is not known here.`);
  for (const { operatorType, key, values } of filter.advancedFilters ?? []) {
    if (operatorType !== 'StringIn')
      throw new Error(`The filter compares by ${operatorType}, which is not known here.`);
    if (!key || !values?.every((value) => typeof value === 'string'))
      throw new Error(`The filter on ${key} has no texts to compare with.`);
  }
}

/** Whether Event Grid sends the event on: every part of the filter lets it pass (azure-docs, event-grid/event-filtering). */
export function passes(filter: EventFilter, event: TopicEvent): boolean {
  const { includedEventTypes, subjectBeginsWith = '', subjectEndsWith = '', advancedFilters = [] } = filter;
  const cased = (text: string): string => (filter.isSubjectCaseSensitive ? text : text.toLowerCase());
  const subject = cased(event.subject);
  return (
    (includedEventTypes === undefined || includedEventTypes.includes(event.eventType)) &&
    subject.startsWith(cased(subjectBeginsWith)) &&
    subject.endsWith(cased(subjectEndsWith)) &&
    advancedFilters.every((advanced) => isAmong(advanced, valueAt(event, advanced.key)))
  );
}

// Advanced filters never tell upper from lower case, whatever stands for the subject.
function isAmong({ values = [] }: AdvancedFilter, found: unknown): boolean {
  return typeof found === 'string' && values.some((value) => String(value).toLowerCase() === found.toLowerCase());
}

const valueAt = (event: TopicEvent, key: string): unknown =>
  key.split('.').reduce<unknown>((value, part) => (Object(value) as Record<string, unknown>)[part], event);
