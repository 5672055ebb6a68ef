//! Output that waits to be written: in memory while it is small, then in a file without a name.
//!
//! The file lies in the folder for temporary files, and the kernel removes it with its last
//! handle, so even a killed run leaves nothing. Knows no jobs, no order and no destination.

use std::fs::File;
use std::io::{self, Seek, Write};

/// How much one stream of one job may hold in memory.
pub(super) const MEMORY_LIMIT: usize = 64 * 1024;

/// Bytes in the order they came.
#[derive(Debug, Default)]
pub(crate) struct Spool(Held);

/// Where the bytes of a spool are.
#[derive(Debug)]
pub(crate) enum Held {
    Memory(Vec<u8>),
    /// From its beginning on.
    File(File),
}

impl Default for Held {
    fn default() -> Held {
        Held::Memory(Vec::new())
    }
}

impl Spool {
    /// Whether this many more bytes stay within the memory limit.
    pub(crate) fn has_room(&self, count: usize) -> bool {
        matches!(&self.0, Held::Memory(bytes) if bytes.len() + count <= MEMORY_LIMIT)
    }

    pub(crate) fn is_empty(&self) -> bool {
        matches!(&self.0, Held::Memory(bytes) if bytes.is_empty())
    }

    /// Adds bytes at the end.
    ///
    /// # Errors
    ///
    /// The temporary file could not be made or written; what the spool held is then incomplete.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.has_room(bytes.len()) {
            self.spill()?;
        }
        match &mut self.0 {
            Held::Memory(memory) => memory.extend_from_slice(bytes),
            Held::File(file) => file.write_all(bytes)?,
        }
        Ok(())
    }

    /// Gives the bytes out, to be read from their beginning.
    pub(crate) fn into_held(mut self) -> io::Result<Held> {
        if let Held::File(file) = &mut self.0 {
            file.rewind()?;
        }
        Ok(self.0)
    }

    fn spill(&mut self) -> io::Result<()> {
        if let Held::Memory(memory) = &self.0 {
            let mut file = tempfile::tempfile()?;
            file.write_all(memory)?;
            self.0 = Held::File(file);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn contents(spool: Spool) -> Vec<u8> {
        match spool.into_held().unwrap() {
            Held::Memory(bytes) => bytes,
            Held::File(mut file) => {
                let mut bytes = Vec::new();
                file.read_to_end(&mut bytes).unwrap();
                bytes
            }
        }
    }

    #[test]
    fn up_to_the_limit_everything_is_in_memory() {
        let mut spool = Spool::default();
        assert!(spool.is_empty());
        spool.push(&[1; MEMORY_LIMIT - 1]).unwrap();
        spool.push(&[2]).unwrap();
        assert!(matches!(spool.0, Held::Memory(_)) && !spool.is_empty());
        assert_eq!(contents(spool).len(), MEMORY_LIMIT);
    }

    #[test]
    fn beyond_the_limit_nothing_is_in_memory_and_the_order_stays() {
        let mut spool = Spool::default();
        let mut expected = Vec::new();
        for step in 0..40_u8 {
            let bytes = [step; 5000];
            spool.push(&bytes).unwrap();
            expected.extend_from_slice(&bytes);
        }
        assert!(matches!(spool.0, Held::File(_)) && !spool.is_empty());
        assert!(!spool.has_room(0));
        assert_eq!(contents(spool), expected);
    }
}
