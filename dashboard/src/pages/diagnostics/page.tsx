/** What the network does to each transport, seen from this browser; and what the client does about it. */
import type { ReactElement } from 'react';

import { Examined } from './examined.js';
import styles from './page.module.css';
import { Simulation } from './simulation.js';

export default function Diagnostics(): ReactElement {
  return (
    <div className={styles['page']}>
      <header>
        <h1>Diagnostics</h1>
        <p className="soft">What the network between this browser and the server does to each transport, and how the client goes around it.</p>
      </header>
      <Examined />
      <Simulation />
    </div>
  );
}
