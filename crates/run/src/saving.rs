//! A checkpoint as it is written: whole, or not there at all.
//!
//! The files, and last the manifest with their sizes and hashes, are written into a folder that no
//! reader looks at. When all of it is on the disk, and the rows so far too, the folder gets its name.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    Error, Eval, Metric, Result, Row, RunFolder, Sample,
    checkpoint::{Entry, Manifest},
    disk::Op,
    layout,
};

/// What a checkpoint will hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    step: u64,
    files: [(&'static str, Vec<u8>); 2],
    rows: BTreeMap<String, u64>,
}

impl Snapshot {
    /// The step after which it was taken.
    #[must_use]
    pub fn step(&self) -> u64 {
        self.step
    }
}

impl RunFolder {
    /// The state after `step`, of which the rows written so far are a part: the weights, and what else
    /// the trainer needs to go on.
    ///
    /// # Errors
    /// [`Error::Read`] names a file of rows that cannot be looked at.
    pub fn snapshot(&self, step: u64, model: Vec<u8>, trainer: Vec<u8>) -> Result<Snapshot> {
        let length = |path: PathBuf| Ok(path.metadata().map_err(Error::read(&path))?.len());
        let rows = self.row_files().map(|(name, path)| Ok((name.to_owned(), length(path)?)));
        let rows = rows.collect::<Result<_>>()?;
        Ok(Snapshot { step, files: [(layout::MODEL, model), (layout::TRAINER, trainer)], rows })
    }

    /// Keeps `snapshot` under `checkpoints/`, in place of one of the same step. When this returns, it is
    /// on the disk with the rows that belong to it; whatever happens before, the others are as they were.
    ///
    /// # Errors
    /// [`Error::Write`] names what could not be written.
    ///
    /// # Performance
    /// An fsync for each of three files, up to three files of rows, and three folders.
    pub fn save(&self, snapshot: &Snapshot) -> Result<()> {
        let manifest = manifest(snapshot, &self.checkpoint(snapshot.step))?;
        let done = self.saving(snapshot, &manifest).iter().try_for_each(Op::run);
        if done.is_err() {
            // The fault worth telling is the first one; the next save clears what stays.
            let _ = fs::remove_dir_all(self.inside(layout::SAVING));
        }
        done
    }

    /// Takes from every checkpoint but those of the steps `kept` what a training needs to go on. The
    /// weights stay.
    ///
    /// # Errors
    /// [`Error::Write`] names what could not be written. A checkpoint that is damaged is left alone.
    pub fn prune(&self, kept: &[u64]) -> Result<()> {
        for step in self.checkpoints()?.into_iter().filter(|step| !kept.contains(step)) {
            let folder = self.checkpoint(step);
            let Ok(mut manifest) = Manifest::read(&folder.join(layout::MANIFEST)) else { continue };
            if manifest.files.remove(layout::TRAINER).is_some() {
                let manifest = encoded(&manifest, &folder)?;
                pruning(&folder, &manifest).iter().try_for_each(Op::run)?;
            }
        }
        Ok(())
    }

    /// The protocol.
    fn saving<'a>(&self, snapshot: &'a Snapshot, manifest: &'a [u8]) -> Vec<Op<'a>> {
        let (new, old) = (self.inside(layout::SAVING), self.inside(layout::REPLACED));
        let place = self.checkpoint(snapshot.step);
        let mut ops = [&old, &new].map(|path| Op::RemoveFolder(path.clone())).to_vec();
        ops.push(Op::MakeFolder(new.clone()));
        let files = snapshot.files.iter().map(|(name, bytes)| (*name, &**bytes));
        for (name, bytes) in files.chain([(layout::MANIFEST, manifest)]) {
            ops.extend([Op::Write(new.join(name), bytes), Op::Sync(new.join(name))]);
        }
        ops.extend(snapshot.rows.keys().map(|name| Op::Sync(self.path().join(name))));
        ops.push(Op::Sync(new.clone()));
        if place.exists() {
            ops.push(Op::Rename(place.clone(), old.clone()));
        }
        ops.extend([Op::Rename(new, place), Op::Sync(self.path().join(layout::CHECKPOINTS))]);
        ops.extend([Op::Sync(self.path().to_owned()), Op::RemoveFolder(old)]);
        ops
    }

    fn inside(&self, name: &str) -> PathBuf {
        self.path().join(layout::CHECKPOINTS).join(name)
    }

    /// Those that are there, by name.
    fn row_files(&self) -> impl Iterator<Item = (&'static str, PathBuf)> {
        let names = [Metric::FILE, Eval::FILE, Sample::FILE];
        names
            .map(|name| (name, self.path().join(name)))
            .into_iter()
            .filter(|(_, path)| path.exists())
    }
}

/// The manifest no longer lists what is then removed.
fn pruning<'a>(folder: &Path, manifest: &'a [u8]) -> Vec<Op<'a>> {
    let (new, place) = (folder.join(layout::NEW_MANIFEST), folder.join(layout::MANIFEST));
    vec![
        Op::Write(new.clone(), manifest),
        Op::Sync(new.clone()),
        Op::Rename(new, place),
        Op::Sync(folder.to_owned()),
        Op::RemoveFile(folder.join(layout::TRAINER)),
    ]
}

fn manifest(snapshot: &Snapshot, folder: &Path) -> Result<Vec<u8>> {
    let files = snapshot.files.iter().map(|(name, bytes)| (name.to_string(), Entry::of(bytes)));
    let (step, rows) = (snapshot.step, snapshot.rows.clone());
    encoded(&Manifest { step, files: files.collect(), rows }, folder)
}

fn encoded(manifest: &Manifest, folder: &Path) -> Result<Vec<u8>> {
    let mut text = serde_json::to_vec_pretty(manifest).map_err(Error::encode(folder))?;
    text.push(b'\n');
    Ok(text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs::OpenOptions;

    use super::*;
    use crate::Checkpoint;

    /// What a machine that loses power forgets: what was not synced.
    #[derive(Default)]
    struct Unsynced {
        contents: Vec<PathBuf>,
        names: Vec<PathBuf>,
        renames: Vec<(PathBuf, PathBuf)>,
    }

    impl Unsynced {
        fn note(&mut self, op: &Op<'_>) {
            match op {
                Op::Write(path, _) => {
                    self.contents.push(path.clone());
                    self.names.push(path.clone());
                }
                Op::Sync(path) => {
                    self.contents.retain(|written| written != path);
                    self.names.retain(|written| written.parent() != Some(path));
                    self.renames.retain(|(_, to)| to.parent() != Some(path));
                }
                Op::Rename(from, to) => {
                    let moved = |path: &mut PathBuf| {
                        if let Ok(rest) = path.strip_prefix(from) {
                            *path = to.join(rest);
                        }
                    };
                    self.contents.iter_mut().chain(&mut self.names).for_each(moved);
                    self.renames.push((from.clone(), to.clone()));
                }
                _ => {}
            }
        }

        /// The disk as it may be found afterwards.
        fn lose(self, kept: usize, loses_names: bool, undoes_renames: bool) {
            for path in self.contents {
                let file = OpenOptions::new().write(true).open(path).unwrap();
                file.set_len(file.metadata().unwrap().len() * kept as u64 / 2).unwrap();
            }
            for path in self.names.iter().filter(|_| loses_names) {
                fs::remove_file(path).unwrap();
            }
            for (from, to) in self.renames.into_iter().rev().filter(|_| undoes_renames) {
                if to.exists() && !from.exists() {
                    fs::rename(to, from).unwrap();
                }
            }
        }
    }

    fn snapshot(step: u64, text: &str) -> Snapshot {
        let files = [
            (layout::MODEL, format!("{text} weights")),
            (layout::TRAINER, format!("{text} moments")),
        ];
        Snapshot {
            step,
            files: files.map(|(name, text)| (name, text.into_bytes())),
            rows: BTreeMap::new(),
        }
    }

    fn text(checkpoint: &Checkpoint) -> (u64, String) {
        let model = String::from_utf8(checkpoint.model.clone()).unwrap();
        let trainer = String::from_utf8(checkpoint.trainer.clone().unwrap()).unwrap();
        let (first, second) =
            (model.split_once(' ').unwrap().0, trainer.split_once(' ').unwrap().0);
        assert_eq!(first, second, "a mix");
        (checkpoint.step, first.to_owned())
    }

    /// A run with two checkpoints, in which saving `new` stops after `ops` calls.
    fn stopped(new: &Snapshot, ops: usize, then: impl Fn(Unsynced)) -> Option<(u64, String)> {
        let dir = tempfile::tempdir().unwrap();
        let run = RunFolder::create(dir.path(), false).unwrap();
        run.save(&snapshot(1, "first")).unwrap();
        run.save(&snapshot(2, "second")).unwrap();
        let manifest = manifest(new, &run.checkpoint(new.step)).unwrap();
        let all = run.saving(new, &manifest);
        let mut unsynced = Unsynced::default();
        for op in all.get(..ops)? {
            op.run().unwrap();
            unsynced.note(op);
        }
        if let Some(Op::Write(path, bytes)) = all.get(ops) {
            fs::write(path, &bytes[..bytes.len() / 2]).unwrap(); // torn
        }
        then(unsynced);
        let found = text(&run.newest_checkpoint().unwrap().0.unwrap());
        run.save(new).unwrap(); // what was left is no hindrance
        assert_eq!(text(&run.open_checkpoint(new.step).unwrap()).1, "new");
        Some(found)
    }

    fn outcomes(new: &Snapshot, then: impl Fn(Unsynced)) -> Vec<(u64, String)> {
        let mut found: Vec<_> = (0..).map_while(|ops| stopped(new, ops, &then)).collect();
        assert_eq!(
            found.last().unwrap(),
            &(new.step, "new".to_owned()),
            "once it is done, it stays"
        );
        assert!(found.len() > 12);
        found.sort();
        found.dedup();
        found
    }

    fn of(all: &[(u64, &str)]) -> Vec<(u64, String)> {
        all.iter().map(|&(step, text)| (step, text.to_owned())).collect()
    }

    #[test]
    fn stopped_after_any_call_there_is_the_old_or_the_new() {
        assert_eq!(outcomes(&snapshot(3, "new"), drop), of(&[(2, "second"), (3, "new")]));
        // Between two renames the step is not there at all, and the one before is.
        let again = outcomes(&snapshot(2, "new"), drop);
        assert_eq!(again, of(&[(1, "first"), (2, "new"), (2, "second")]));
    }

    #[test]
    fn without_power_after_any_call_there_is_the_old_or_the_new() {
        for kept in 0..=2 {
            for (loses_names, undoes_renames) in
                [(false, false), (true, false), (false, true), (true, true)]
            {
                let lose = |unsynced: Unsynced| unsynced.lose(kept, loses_names, undoes_renames);
                assert_eq!(outcomes(&snapshot(3, "new"), lose), of(&[(2, "second"), (3, "new")]));
                let again = outcomes(&snapshot(2, "new"), lose);
                let allowed = of(&[(1, "first"), (2, "new"), (2, "second")]);
                assert!(again.iter().all(|found| allowed.contains(found)), "{again:?}");
            }
        }
    }

    #[test]
    fn pruning_that_stops_leaves_a_whole_checkpoint() {
        for ops in 0..=5 {
            let dir = tempfile::tempdir().unwrap();
            let run = RunFolder::create(dir.path(), false).unwrap();
            run.save(&snapshot(1, "first")).unwrap();
            let folder = run.checkpoint(1);
            let mut manifest = Manifest::read(&folder.join(layout::MANIFEST)).unwrap();
            manifest.files.remove(layout::TRAINER);
            let manifest = encoded(&manifest, &folder).unwrap();
            pruning(&folder, &manifest)[..ops].iter().for_each(|op| op.run().unwrap());
            assert_eq!(run.open_checkpoint(1).unwrap().model, b"first weights");
            assert_eq!(run.open_checkpoint(1).unwrap().trainer.is_some(), ops < 3);
        }
    }
}
