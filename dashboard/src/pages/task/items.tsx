import { Glyph } from 'headway-react';
import type { TaskItem } from 'headway-react';
import { count, timeOf, toneOf } from 'headway-react/words';
import { memo, useMemo, useState } from 'react';
import type { ReactElement } from 'react';

import styles from './items.module.css';

const FIRST = 50;
const MORE = 200;

export interface ItemsProps {
  readonly items: readonly TaskItem[];
  readonly replayed: boolean;
  /** False: there are earlier ones, which were not read. */
  readonly whole: boolean;
}

/** What was told one by one: rows, checks, steps. What went wrong comes first. */
export const Items = memo(function Items({ items, replayed, whole }: ItemsProps): ReactElement {
  const many = (value: number): string => `${count(value)}${whole ? '' : '+'}`;
  const [all, setAll] = useState(false);
  const [most, setMost] = useState(FIRST);
  const wrong = useMemo(() => items.filter((item) => toneOf(item.outcome) === 'bad'), [items]);
  const chosen = all ? items : wrong;
  const shown = chosen.slice(-most).reverse();
  return (
    <section className="card" aria-labelledby="items">
      <div className="card-head">
        <h2 id="items">{all ? 'Items' : 'Errors'}</h2>
        <fieldset className={styles['choice']}>
          <legend className="unseen">Which items</legend>
          <Choice label={`Errors ${many(wrong.length)}`} chosen={!all} choose={() => setAll(false)} />
          <Choice label={`All ${many(items.length)}`} chosen={all} choose={() => setAll(true)} />
        </fieldset>
      </div>
      {shown.length === 0 ? (
        <p className="soft">
          {replayed
            ? 'No item had failed by then.'
            : all
              ? 'No item was told of one by one. task.item("row 7", "failed", "…") tells of one.'
              : 'No item has failed.'}
        </p>
      ) : (
        <div className={styles['frame']} tabIndex={0} role="region" aria-labelledby="items">
          <table>
            <thead>
              <tr>
                <th scope="col">Time</th>
                <th scope="col">Item</th>
                <th scope="col">Outcome</th>
                <th scope="col">What happened</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((item) => (
                <Row key={item.position} item={item} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {chosen.length > shown.length && (
        <button type="button" className="quiet-button" onClick={() => setMost(most + MORE)}>
          Show more of {count(chosen.length)}
        </button>
      )}
    </section>
  );
});

/** What was told stays as it is: only rows that are new are looked at. */
const Row = memo(function Row({ item }: { readonly item: TaskItem }): ReactElement {
  const tone = toneOf(item.outcome);
  return (
    <tr>
      <td className="soft numbers">{timeOf(item.timestamp)}</td>
      <th scope="row">{item.item}</th>
      <td>
        <span className={styles['outcome']} data-tone={tone}>
          <Glyph tone={tone} /> {item.outcome}
        </span>
      </td>
      <td>
        {item.message} {item.code != null && <code className="soft">{item.code}</code>}
      </td>
    </tr>
  );
});

interface ChoiceProps {
  readonly label: string;
  readonly chosen: boolean;
  readonly choose: () => void;
}

function Choice({ label, chosen, choose }: ChoiceProps): ReactElement {
  return (
    <label data-chosen={chosen}>
      <input type="radio" name="items" className="unseen" checked={chosen} onChange={choose} />
      {label}
    </label>
  );
}
