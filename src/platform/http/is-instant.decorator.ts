import { registerDecorator } from 'class-validator';

/** RFC 3339 date-time, the profile of ISO 8601 that the API speaks; years 0000 to 9999. */
const DATE_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})$/;

/** A moment as text that is really one: ISO 8601 has forms (weeks, ordinal days) and dates (30 February) that `Date` cannot read. */
export function IsInstant(): PropertyDecorator {
  return (target, property) =>
    registerDecorator({
      name: 'isInstant',
      target: target.constructor,
      propertyName: String(property),
      validator: {
        validate: (value: unknown) => typeof value === 'string' && DATE_TIME.test(value) && isRealDate(value),
        defaultMessage: () => '$property must be a moment such as 2026-08-02T17:21:09Z',
      },
    });
}

/** `Date` turns 30 February into 2 March; a date that a calendar lacks is a mistake that should be heard of. */
function isRealDate(text: string): boolean {
  const day = new Date(`${text.slice(0, 10)}T00:00:00Z`);
  return !Number.isNaN(Date.parse(text)) && day.toISOString().startsWith(text.slice(0, 10));
}
