import { useState } from 'react';
import type { ReactElement } from 'react';

import styles from './start.module.css';
import { NEWEST, positionOf } from './position.js';
import type { Beginning } from './position.js';

const MORE = 2_000;

export interface StartProps {
  readonly beginning: Beginning;
  readonly begin: (beginning: Beginning) => void;
  /** Where the log ends now. */
  readonly position: string | undefined;
}

/** Where to begin: with the newest, with the first, or after a position. */
export function Start({ beginning, begin, position }: StartProps): ReactElement {
  const now = 'last' in beginning ? String(beginning.last) : beginning.since === '' ? 'all' : 'position';
  const [asking, setAsking] = useState(now === 'position');
  const [mistake, setMistake] = useState<string>();
  const choose = (value: string): void => {
    setMistake(undefined);
    setAsking(value === 'position');
    if (value !== 'position') {
      begin(value === 'all' ? { since: '' } : { last: Number(value) });
    }
  };
  const submit = (form: FormData): void => {
    const text = String(form.get('position') ?? '').trim();
    const epoch = positionOf(position ?? '')?.epoch;
    const since = /^\d{1,15}$/.test(text) && epoch !== undefined ? `${epoch}.${text}` : text;
    if (positionOf(since) === undefined) {
      setMistake('A position is written epoch.offset, as beside an event; a number alone is an offset.');
      return;
    }
    setMistake(undefined);
    begin({ since });
  };
  return (
    <form className={styles['start']} action={submit} aria-label="Where to begin">
      <label className={styles['field']}>
        <span>Begin with</span>
        <select value={asking ? 'position' : now} onChange={(event) => choose(event.currentTarget.value)}>
          <option value={NEWEST}>the newest {NEWEST}</option>
          <option value={MORE}>the newest 2,000</option>
          {now !== String(NEWEST) && now !== String(MORE) && 'last' in beginning && <option value={now}>the newest {now}</option>}
          <option value="all">everything kept</option>
          <option value="position">a position</option>
        </select>
      </label>
      {asking && (
        <label className={styles['field']}>
          <span>After</span>
          <input
            name="position"
            className="mono"
            required
            autoComplete="off"
            spellCheck={false}
            placeholder="epoch.offset"
            defaultValue={now === 'position' && 'since' in beginning ? beginning.since : ''}
            aria-invalid={mistake !== undefined}
            aria-describedby="start-mistake"
          />
        </label>
      )}
      {asking && (
        <button type="submit" className={styles['go']}>
          Go
        </button>
      )}
      <p id="start-mistake" className={styles['mistake']} role="alert" data-tone="bad">
        {mistake}
      </p>
    </form>
  );
}
