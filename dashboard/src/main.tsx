import './trusted.js';
import './styles.js';

import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { Root } from './root.js';

// Its address is relative to the document's, which changes with every page: it is made whole once.
const icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
if (icon !== null) {
  icon.setAttribute('href', icon.href);
}
const root = document.getElementById('root');
if (root === null) {
  throw new Error('the page has no #root');
}
createRoot(root).render(
  <StrictMode>
    <Root />
  </StrictMode>,
);
