/** Errors whose values Go prints by their type. */
import type { FieldError } from '../../schema/field-error';
import { quoted } from '../../schema/go-value';

export const goStrings = (texts: readonly string[] | undefined): string => (texts === undefined || texts.length === 0 ? '[]string(nil)' : `[]string{${texts.map(quoted).join(', ')}}`);

/** `shown`: the value as it is printed. */
export const invalidShown = (field: string, shown: string, detail: string): FieldError => ({
  reason: 'FieldValueInvalid',
  field,
  message: `Invalid value: ${shown}: ${detail}`,
});

