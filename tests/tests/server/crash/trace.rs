//! What a process did to the files of one folder, in one order, as `recorder.c` writes it down.
//!
//! One event is, in the machine's byte order: kind (1 byte), number of the file (4), offset or size (8), length of
//! the name (4), length of the data (4), name, data. A number stands for one file from its creation on, whatever
//! becomes of its name.

use std::path::Path;

/// Name, at the top of the recorded folder, of the file whose writes are no file's but marks of the one who calls.
pub(crate) const MARKS: &str = "marks";

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Created {
        file: u32,
        name: String,
    },
    Unlinked {
        name: String,
    },
    Written {
        file: u32,
        at: u64,
        data: Vec<u8>,
    },
    Truncated {
        file: u32,
        size: u64,
    },
    Synced {
        file: u32,
    },
    FolderMade {
        name: String,
    },
    FolderSynced {
        name: String,
    },
    /// What the caller noted between the operations.
    Marked(Vec<u8>),
}

/// Reads a trace.
///
/// # Panics
/// Where it is not one.
pub(crate) fn read(file: &Path) -> Vec<Event> {
    let bytes = std::fs::read(file).expect("the recorded process left a trace");
    let mut rest = bytes.as_slice();
    let mut events = Vec::new();
    let mut marks = None;
    while !rest.is_empty() {
        let kind = take(&mut rest, 1)[0];
        let file = u32::from_ne_bytes(take(&mut rest, 4).try_into().expect("4 bytes"));
        let at = u64::from_ne_bytes(take(&mut rest, 8).try_into().expect("8 bytes"));
        let name_length = u32::from_ne_bytes(take(&mut rest, 4).try_into().expect("4 bytes"));
        let data_length = u32::from_ne_bytes(take(&mut rest, 4).try_into().expect("4 bytes"));
        let name = String::from_utf8(take(&mut rest, name_length as usize).to_vec()).expect("names are text");
        let data = take(&mut rest, data_length as usize).to_vec();
        match kind {
            1 if name == MARKS => marks = Some(file),
            3 if marks == Some(file) => events.push(Event::Marked(data)),
            _ if kind > 2 && kind < 6 && marks == Some(file) => {}
            1 => events.push(Event::Created { file, name }),
            2 => events.push(Event::Unlinked { name }),
            3 => events.push(Event::Written { file, at, data }),
            4 => events.push(Event::Truncated { file, size: at }),
            5 => events.push(Event::Synced { file }),
            6 => events.push(Event::FolderMade { name }),
            7 => events.push(Event::FolderSynced { name }),
            unknown => panic!("an event of kind {unknown}"),
        }
    }
    events
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> &'a [u8] {
    let (taken, left) = rest.split_at(length);
    *rest = left;
    taken
}
