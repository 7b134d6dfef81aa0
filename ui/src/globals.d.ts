/** True while developing, testing, or with VITE_FAKE=1; what it guards is not part of what is shipped. */
declare const __FAKE__: boolean;
