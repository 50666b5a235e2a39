/** What a page gets as one file: the global `Headway`, or a module. */
export * from './index.js';
