/**
 * What may become markup: nothing. The page's policy requires trusted types; the one policy there is lets text without
 * `<` pass, which is all that Mantine needs for the styles it writes, and no spelling of an element.
 */
interface TrustedTypes {
  createPolicy(name: string, rules: { createHTML: (text: string) => string }): unknown;
}

const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };

trustedTypes?.createPolicy('default', {
  createHTML(text) {
    if (text.includes('<')) {
      throw new TypeError('markup from text is not allowed on this page');
    }
    return text;
  },
});

export {};
