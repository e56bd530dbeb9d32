"""The contract's messages and calls, for those who call the server without the client; generated."""
