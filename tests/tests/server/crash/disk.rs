//! A disk that has lost power: what was synced is there, of the rest any part may be.
//!
//! Each file has what a sync made durable and the operations since; so has the table of names, whose durability
//! comes from syncing folders, as POSIX has it: a file whose name was never synced is lost with all it holds.

use std::{
    collections::{BTreeMap, HashMap},
    fs, io,
    path::Path,
};

use super::trace::Event;

/// Bytes that a disk writes together.
const SECTOR: usize = 512;

/// What of the operations since the last syncs has reached the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Loss {
    /// None of them.
    Everything,
    /// All of them: the process was killed and the machine went on.
    Nothing,
    /// The oldest ones, and of the next one a part that ends at any byte.
    Tail,
    /// Any sectors of any of them, in any order.
    Scattered,
}

/// A file's bytes by its path.
pub(crate) type Image = BTreeMap<String, Vec<u8>>;

/// A source of equal choices in every run (SplitMix64).
#[derive(Clone, Debug)]
pub(crate) struct Choices(u64);

impl Choices {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is not 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// True in `share` of 16 cases.
    pub(crate) fn share_of_16(&mut self, share: u64) -> bool {
        self.below(16) < share
    }
}

/// The state of the disk and of what waits to be written to it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    files: HashMap<u32, StoredFile>,
    /// Durable names; folders are names without a file.
    names: BTreeMap<String, Option<u32>>,
    pending_names: Vec<(u64, NameChange)>,
    operations: u64,
}

#[derive(Clone, Debug, Default)]
struct StoredFile {
    durable: Vec<u8>,
    pending: Vec<(u64, Change)>,
}

#[derive(Clone, Debug)]
enum Change {
    Write { at: usize, data: Vec<u8> },
    Truncate { size: usize },
}

#[derive(Clone, Debug)]
enum NameChange {
    Link { name: String, file: Option<u32> },
    Unlink { name: String },
}

impl NameChange {
    fn name(&self) -> &str {
        match self {
            Self::Link { name, .. } | Self::Unlink { name } => name,
        }
    }

    fn apply(&self, names: &mut BTreeMap<String, Option<u32>>) {
        match self {
            Self::Link { name, file } => drop(names.insert(name.clone(), *file)),
            Self::Unlink { name } => drop(names.remove(name)),
        }
    }
}

impl Disk {
    /// Takes the next event.
    pub(crate) fn take(&mut self, event: &Event) {
        self.operations += 1;
        let at = self.operations;
        match event {
            Event::Marked(_) => {}
            Event::Created { file, name } => {
                self.files.insert(*file, StoredFile::default());
                self.pending_names.push((at, NameChange::Link { name: name.clone(), file: Some(*file) }));
            }
            Event::FolderMade { name } => {
                self.pending_names.push((at, NameChange::Link { name: name.clone(), file: None }));
            }
            Event::Unlinked { name } => {
                self.pending_names.push((at, NameChange::Unlink { name: name.clone() }));
            }
            Event::Written { file, at: offset, data } => {
                let change = Change::Write { at: *offset as usize, data: data.clone() };
                self.file(*file).pending.push((at, change));
            }
            Event::Truncated { file, size } => {
                self.file(*file).pending.push((at, Change::Truncate { size: *size as usize }));
            }
            Event::Synced { file } => {
                let file = self.file(*file);
                for (_, change) in std::mem::take(&mut file.pending) {
                    change.apply(&mut file.durable);
                }
            }
            Event::FolderSynced { name: folder } => {
                let names = &mut self.names;
                self.pending_names.retain(|(_, change)| {
                    let within = parent(change.name()) == folder;
                    if within {
                        change.apply(names);
                    }
                    !within
                });
            }
        }
    }

    fn file(&mut self, file: u32) -> &mut StoredFile {
        self.files.get_mut(&file).expect("a file is created before it is used")
    }

    /// What is on the disk if the power goes now.
    pub(crate) fn after(&self, loss: Loss, choices: &mut Choices) -> Image {
        let kept = self.kept(loss, choices);
        let mut names = self.names.clone();
        for (at, change) in &self.pending_names {
            if kept.keeps_whole(*at, choices) {
                change.apply(&mut names);
            }
        }
        names
            .iter()
            .filter_map(|(name, file)| Some((name, (*file)?)))
            .filter(|(name, _)| is_reachable(&names, name))
            .map(|(name, file)| (name.clone(), self.content(name, file, &kept, choices)))
            .collect()
    }

    fn kept(&self, loss: Loss, choices: &mut Choices) -> Kept {
        match loss {
            Loss::Everything => Kept::Before { last_whole: 0, torn: None },
            Loss::Nothing => Kept::Before { last_whole: u64::MAX, torn: None },
            Loss::Scattered => Kept::Share([1, 4, 8, 12, 15][choices.below(5) as usize]),
            Loss::Tail => {
                let mut waiting: Vec<u64> =
                    self.files.values().flat_map(|file| &file.pending).map(|(at, _)| *at).collect();
                waiting.extend(self.pending_names.iter().map(|(at, _)| *at));
                waiting.sort_unstable();
                let torn = choices.below(waiting.len() as u64 + 1) as usize;
                let last_whole = torn.checked_sub(1).map_or(0, |last| waiting[last]);
                Kept::Before { last_whole, torn: waiting.get(torn).copied() }
            }
        }
    }

    fn content(&self, name: &str, file: u32, kept: &Kept, choices: &mut Choices) -> Vec<u8> {
        let stored = &self.files[&file];
        let mut content = stored.durable.clone();
        for (at, change) in &stored.pending {
            kept.apply(*at, change, &mut content, choices);
        }
        if name.ends_with("-shm") {
            // Mapped into memory, never synced: after a crash it holds anything.
            content.fill_with(|| choices.next() as u8);
        }
        content
    }
}

/// Which of the operations that were not synced are on the disk.
enum Kept {
    /// Those up to one, and part of another.
    Before { last_whole: u64, torn: Option<u64> },
    /// This share of 16 of all sectors and names.
    Share(u64),
}

impl Kept {
    fn keeps_whole(&self, at: u64, choices: &mut Choices) -> bool {
        match self {
            Self::Before { last_whole, .. } => at <= *last_whole,
            Self::Share(share) => choices.share_of_16(*share),
        }
    }

    fn apply(&self, at: u64, change: &Change, content: &mut Vec<u8>, choices: &mut Choices) {
        match (self, change) {
            (Self::Before { torn: Some(torn), .. }, Change::Write { at: offset, data }) if *torn == at => {
                let end = choices.below(data.len() as u64 + 1) as usize;
                write(content, *offset, &data[..end]);
            }
            (Self::Share(share), Change::Write { at: offset, data }) => {
                let mut begin = 0;
                while begin < data.len() {
                    let end = data.len().min((offset + begin) / SECTOR * SECTOR + SECTOR - offset);
                    if choices.share_of_16(*share) {
                        write(content, offset + begin, &data[begin..end]);
                    }
                    begin = end;
                }
            }
            _ => {
                if self.keeps_whole(at, choices) {
                    change.apply(content);
                }
            }
        }
    }
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write { at, data } => write(content, *at, data),
            Self::Truncate { size } => content.resize(*size, 0),
        }
    }
}

fn write(content: &mut Vec<u8>, at: usize, data: &[u8]) {
    if data.is_empty() {
        return;
    }
    if content.len() < at + data.len() {
        content.resize(at + data.len(), 0);
    }
    content[at..at + data.len()].copy_from_slice(data);
}

fn parent(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(parent, _)| parent)
}

fn is_reachable(names: &BTreeMap<String, Option<u32>>, name: &str) -> bool {
    let folder = parent(name);
    folder.is_empty() || (names.contains_key(folder) && is_reachable(names, folder))
}

/// Puts an image into an empty folder.
pub(crate) fn lay_out(image: &Image, folder: &Path) -> io::Result<()> {
    for (name, content) in image {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a file is in a folder"))?;
        fs::write(path, content)?;
    }
    Ok(())
}

#[test]
fn only_what_was_synced_is_sure() {
    let named = |name: &str| name.to_owned();
    let mut disk = Disk::default();
    let mut choices = Choices::new(1);
    for event in [
        Event::Created { file: 1, name: named("a") },
        Event::Written { file: 1, at: 0, data: vec![1; 4] },
        Event::Synced { file: 1 },
    ] {
        disk.take(&event);
    }
    assert_eq!(disk.after(Loss::Everything, &mut choices), Image::new(), "its name was not synced");
    disk.take(&Event::FolderSynced { name: String::new() });
    disk.take(&Event::Written { file: 1, at: 2, data: vec![2; 4] });
    assert_eq!(disk.after(Loss::Everything, &mut choices)["a"], [1; 4]);
    assert_eq!(disk.after(Loss::Nothing, &mut choices)["a"], [1, 1, 2, 2, 2, 2]);
    let mut torn: Vec<usize> = (0..200).map(|_| disk.after(Loss::Tail, &mut choices)["a"].len()).collect();
    torn.sort_unstable();
    torn.dedup();
    assert_eq!(torn, [4, 5, 6], "a write may end at any byte");
    let mut whole = 0;
    for _ in 0..200 {
        match disk.after(Loss::Scattered, &mut choices)["a"].as_slice() {
            [1, 1, 1, 1] => {}
            [1, 1, 2, 2, 2, 2] => whole += 1,
            other => panic!("{other:?} is no state of one sector"),
        }
    }
    assert!((20..180).contains(&whole), "{whole}");

    disk.take(&Event::Unlinked { name: named("a") });
    disk.take(&Event::FolderMade { name: named("b") });
    disk.take(&Event::Created { file: 2, name: named("b/c") });
    disk.take(&Event::FolderSynced { name: named("b") });
    assert_eq!(disk.after(Loss::Everything, &mut choices).keys().collect::<Vec<_>>(), ["a"]);
    assert_eq!(disk.after(Loss::Nothing, &mut choices).keys().collect::<Vec<_>>(), ["b/c"]);
}
