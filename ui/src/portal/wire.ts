/** What a socket tells. */
export interface SocketEvents {
  opened: () => void;
  said: (text: string) => void;
  closed: () => void;
}

/** An open socket. */
export interface Socket {
  say: (text: string) => void;
  close: () => void;
}

/** The way to the server: the browser's fetch and WebSocket, or a scripted server in tests. */
export interface Wire {
  fetch: (path: string, request: RequestInit) => Promise<Response>;
  socket: (path: string, events: SocketEvents) => Socket;
}

/** The server that this page came from. */
export const browserWire: Wire = {
  fetch: (path, request) => fetch(path, request),
  socket: (path, events) => {
    const url = new URL(path, location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(url);
    socket.onopen = () => events.opened();
    socket.onmessage = (message: MessageEvent<string>) => events.said(message.data);
    socket.onclose = () => events.closed();
    return { say: (text) => socket.send(text), close: () => socket.close() };
  },
};
