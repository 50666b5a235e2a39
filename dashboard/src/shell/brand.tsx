import type { ReactElement } from 'react';

import { href } from '../address.js';
import { Link } from './link.js';

/** The name of the application, which leads to its first page. */
export function Brand({ plain = false }: { readonly plain?: boolean }): ReactElement {
  const inner = (
    <>
      <img src={href('/static/headway.svg')} alt="" width="28" height="28" />
      <span>Headway</span>
    </>
  );
  return plain ? <span className="brand">{inner}</span> : <Link to="/" className="brand">{inner}</Link>;
}
