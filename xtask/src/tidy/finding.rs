//! One thing that is not as it should be.

use std::fmt;

/// Ordered as a reader goes through them: by file, then by line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Finding {
    path: String,
    line: usize,
    wrong: String,
    instead: String,
}

impl Finding {
    pub(super) fn new(
        path: &str,
        line: usize,
        wrong: impl Into<String>,
        instead: impl Into<String>,
    ) -> Self {
        Self {
            path: path.to_owned(),
            line,
            wrong: wrong.into(),
            instead: instead.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            path,
            line,
            wrong,
            instead,
        } = self;
        write!(f, "{path}:{line}: {wrong}; {instead}")
    }
}
