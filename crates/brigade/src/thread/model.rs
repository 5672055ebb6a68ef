//! Loom's proof for the ledger.
