/** Channels: which there are; and one of them, as it goes on and as it was. */
import type { ReactElement } from 'react';

import type { PageProps } from '../table.js';
import { Browse } from './browse.js';
import { Opened } from './opened.js';

export default function Channels({ params }: PageProps): ReactElement {
  const name = params['channel'];
  // Keyed: another channel shares nothing with this one.
  return name === undefined ? <Browse /> : <Opened key={name} name={name} />;
}
