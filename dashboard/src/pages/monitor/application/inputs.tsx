/** Fields by a table: what a check or a step holds is by its kind, and each kind has other fields. */
import { useId, useState } from 'react';
import type { ReactElement } from 'react';

import styles from '../monitor.module.css';

export interface Spec {
  readonly name: string;
  readonly label: string;
  /** `list`: parted by commas; `lines`: one a line; `pairs`: `Name: value` one a line. */
  readonly type?: 'text' | 'number' | 'tick' | 'choice' | 'list' | 'lines' | 'pairs' | 'json' | 'long';
  readonly options?: readonly string[];
  readonly hint?: string;
  readonly wide?: boolean;
  /** What holds where nothing is said; for a tick it is what an untouched one shows. */
  readonly usual?: string | number | boolean;
}

export type Values = Readonly<Record<string, unknown>>;

export interface InputsProps {
  readonly specs: readonly Spec[];
  readonly values: Values;
  /** `undefined` takes it away. */
  readonly change: (name: string, value: unknown) => void;
  /** Before each label, for who hears the field alone: "Step 3, ". */
  readonly of?: string | undefined;
}

export function Inputs({ specs, values, change, of = '' }: InputsProps): ReactElement {
  return (
    <>
      {specs.map((spec) => (
        <One key={spec.name} spec={spec} value={values[spec.name]} change={(value) => change(spec.name, value)} of={of} />
      ))}
    </>
  );
}

interface OneProps {
  readonly spec: Spec;
  readonly value: unknown;
  readonly change: (value: unknown) => void;
  readonly of: string;
}

function One({ spec, value, change, of }: OneProps): ReactElement {
  const { label, type = 'text', hint, wide = false, usual, options = [] } = spec;
  const [text, setText] = useState(() => written(value, type));
  const id = useId();
  if (type === 'tick') {
    return (
      <label className={styles['tick']}>
        <input type="checkbox" checked={typeof value === 'boolean' ? value : usual === true} onChange={({ currentTarget }) => change(currentTarget.checked)} aria-label={of === '' ? undefined : `${of}${label}`} /> {label}
      </label>
    );
  }
  const shared = {
    id,
    spellCheck: false,
    autoComplete: 'off',
    placeholder: usual === undefined ? undefined : String(usual),
    'aria-label': of === '' ? undefined : `${of}${label}`,
    'aria-describedby': hint === undefined ? undefined : `${id}-hint`,
  };
  const write = (field: HTMLInputElement | HTMLTextAreaElement): void => {
    setText(field.value);
    const read = readOf(field.value, type);
    field.setCustomValidity(read.mistake ?? '');
    if (read.mistake === undefined) {
      change(read.value);
    }
  };
  return (
    <div className={`${styles['field']} ${wide ? styles['wide'] : ''}`}>
      <label htmlFor={id}>{label}</label>
      {type === 'choice' ? (
        <select {...shared} value={String(value ?? usual ?? '')} onChange={({ currentTarget }) => change(currentTarget.value)}>
          {options.map((option) => (
            <option key={option}>{option}</option>
          ))}
        </select>
      ) : type === 'lines' || type === 'pairs' || type === 'json' || type === 'long' ? (
        <textarea {...shared} value={text} onChange={({ currentTarget }) => write(currentTarget)} />
      ) : (
        <input {...shared} inputMode={type === 'number' ? 'decimal' : undefined} value={text} onChange={({ currentTarget }) => write(currentTarget)} />
      )}
      {hint !== undefined && (
        <span className="soft" id={`${id}-hint`}>
          {hint}
        </span>
      )}
    </div>
  );
}

function written(value: unknown, type: Spec['type']): string {
  if (value === undefined || value === null) {
    return '';
  }
  switch (type) {
    case 'list':
      return Array.isArray(value) ? value.join(', ') : String(value);
    case 'lines':
      return Array.isArray(value) ? value.join('\n') : String(value);
    case 'pairs':
      return Object.entries(value as Values)
        .map(([name, one]) => `${name}: ${String(one)}`)
        .join('\n');
    case 'json':
      return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
    default:
      return typeof value === 'object' ? JSON.stringify(value) : String(value);
  }
}

interface Read {
  readonly value?: unknown;
  readonly mistake?: string;
}

/** What was written, as a value. Empty is none. */
function readOf(text: string, type: Spec['type']): Read {
  const plain = text.trim();
  if (plain === '') {
    return { value: undefined };
  }
  switch (type) {
    case 'number':
      return Number.isFinite(Number(plain)) ? { value: Number(plain) } : { mistake: 'Write a number.' };
    case 'list':
      return { value: plain.split(/\s*,\s*/).filter((one) => one !== '').map((one) => (/^\d+$/.test(one) ? Number(one) : one)) };
    case 'lines':
      return { value: text.split('\n').map((one) => one.trim()).filter((one) => one !== '') };
    case 'pairs':
      return pairsOf(text);
    case 'json':
      return jsonOf(plain);
    default:
      return { value: text };
  }
}

function pairsOf(text: string): Read {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const wrong = lines.find((line) => !/^[^:\s]+\s*:/.test(line.trim()));
  if (wrong !== undefined) {
    return { mistake: `Write Name: value on each line; this is not: ${wrong.trim()}` };
  }
  return {
    value: Object.fromEntries(
      lines.map((line) => {
        const at = line.indexOf(':');
        return [line.slice(0, at).trim(), line.slice(at + 1).trim()];
      }),
    ),
  };
}

/** Texts need no quotation marks; what begins as JSON has to be some. */
function jsonOf(text: string): Read {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return /^[[{"]/.test(text) ? { mistake: 'This is no JSON.' } : { value: text };
  }
}
