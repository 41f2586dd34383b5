/** What a WebSocket is asked for with: browsers give it no header, so the token goes as a subprotocol. */
export const subprotocolsFor = (token: string | undefined): string[] =>
  token === undefined ? ["agentloop"] : ["agentloop", `bearer.${encode(token)}`];

/** In a subprotocol's name few characters are allowed. */
const encode = (token: string): string =>
  token.replaceAll(/[^!#$&'*+.^_`|~0-9A-Za-z-]/g, (character) => {
    const code = character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0");
    return `%${code}`;
  });
