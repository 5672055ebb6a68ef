//! Tokens, and every wait that they end.
