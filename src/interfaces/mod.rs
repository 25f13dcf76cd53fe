//! HTTP and WebSocket: translate, and decide nothing.
