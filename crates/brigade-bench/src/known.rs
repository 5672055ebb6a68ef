//! What is known of single contestants in single rows, in words. Some stay out of a row, because
//! a thread that hangs would end the run; of others the reader should know something.

use crate::run::Absent;

const KANAL_SELECT: &str = "kanal 0.1.1 loses messages when a receive that was already given one is \
    dropped, and every select drops the receives it does not take; with four busy channels it hung \
    in every try";

/// Row, peer and why it stays out of the row.
const EXCLUDED: &[(&str, &str, &str)] = &[
    ("select/tasks/4-busy", "kanal", KANAL_SELECT),
    ("select/tasks/1-busy", "kanal", KANAL_SELECT),
];

/// Row, peer and what is printed below the row.
const REMARKS: &[(&str, &str, &str)] = &[(
    "channel/threads/mpmc-4x4/1",
    "crossfire",
    "crossfire 3.1.22 fell in 5 of 7 tries from about 100 ns to over 100 us a message, nearly all \
     threads in sched_yield; its measurements are cut short when it does",
)];

/// Why a peer must stay out of a row.
pub(crate) fn excluded(row: &str, peer: &str) -> Option<Absent> {
    words(EXCLUDED, row, peer).map(Absent)
}

/// What a reader of a row should know about a peer in it.
pub(crate) fn remark(row: &str, peer: &str) -> Option<&'static str> {
    words(REMARKS, row, peer)
}

fn words(list: &[(&str, &str, &'static str)], row: &str, peer: &str) -> Option<&'static str> {
    list.iter()
        .find(|(known_row, known_peer, _)| *known_row == row && *known_peer == peer)
        .map(|(_, _, words)| *words)
}

#[cfg(test)]
mod tests {
    use super::{EXCLUDED, REMARKS, words};
    use crate::scenario;

    #[test]
    fn everything_known_is_about_a_row_and_a_peer_that_exist() {
        let rows = scenario::rows(&[], false);
        let peers = scenario::peer_names();
        for (row, peer, _) in EXCLUDED.iter().chain(REMARKS) {
            assert!(rows.iter().any(|known| known.id == *row), "{row}");
            assert!(peers.contains(peer), "{peer}");
        }
    }

    #[test]
    fn words_are_about_one_peer_in_one_row() {
        let list = [("row", "peer", "it hangs")];
        assert_eq!(words(&list, "row", "peer"), Some("it hangs"));
        assert_eq!(words(&list, "row", "other"), None);
        assert_eq!(words(&list, "other", "peer"), None);
    }
}
