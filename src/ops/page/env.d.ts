/// <reference types="vite/client" />
import 'vue';

declare module 'vue' {
  // Components hand on what they do not know to their element; these may be given to every one.
  interface AllowedComponentProps {
    [aria: `aria-${string}`]: string | boolean | number | undefined;
    autocapitalize?: string;
    spellcheck?: boolean | 'false' | 'true';
    title?: string;
    lang?: string;
  }
  interface HTMLAttributes {
    [data: `data-${string}`]: string | undefined;
  }
}
