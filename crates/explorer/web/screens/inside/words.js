export const en={};export const pt={};
